"""Trains a bigram model in PyTorch as the lesson does, with batches by vectorised indexing, and prints one JSON line.

Arguments: text file, initial table (float32, V*V), threads, steps, batch size, block size, seed.
"""

import json
import sys
import time

import numpy
import torch
from torch.nn import functional as F

text_file, table_file = sys.argv[1:3]
threads, steps, batch_size, block_size, seed = map(int, sys.argv[3:8])
WARM_UP_STEPS = 50

torch.set_num_threads(threads)
torch.manual_seed(seed)
text = open(text_file, encoding="utf-8", newline="").read()
ids = {character: i for i, character in enumerate(sorted(set(text)))}
tokens = torch.tensor([ids[character] for character in text])
split = int(len(tokens) * 0.9)
train, validation = tokens[:split], tokens[split:]

table = torch.nn.Embedding(len(ids), len(ids))
initial = torch.from_numpy(numpy.fromfile(table_file, dtype=numpy.float32)).view(len(ids), len(ids))
block = torch.arange(block_size)


def start():
    with torch.no_grad():
        table.weight.copy_(initial)
    return torch.optim.AdamW(table.parameters(), lr=1e-3, weight_decay=0.01, fused=True)


def step(optimizer):
    places = torch.randint(len(train) - block_size, (batch_size, 1)) + block
    logits = table(train[places]).view(-1, len(ids))
    loss = F.cross_entropy(logits, train[places + 1].view(-1))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


@torch.no_grad()
def whole(split_tokens):
    return F.cross_entropy(table(split_tokens[:-1]), split_tokens[1:]).item()


optimizer = start()
for _ in range(WARM_UP_STEPS):
    step(optimizer)
optimizer = start()
began = time.perf_counter()
for _ in range(steps):
    step(optimizer)
milliseconds = (time.perf_counter() - began) * 1000 / steps
print(
    json.dumps(
        {
            "millisecondsPerStep": milliseconds,
            "trainLoss": whole(train),
            "validationLoss": whole(validation),
            "library": f"PyTorch {torch.__version__}",
        }
    )
)
