"""Trains a GPT in PyTorch, measures it, and prints one JSON line: a training report (bench/src/training-report.ts).

Argument: a training order in JSON, with the threads, whether to compile, and a file of batches or none.
"""

import json
import math
import sys
import time

import numpy
import torch

from gpt import GPT
from peak_memory import peak_memory_bytes
from weights_folder import read_weights

order = json.loads(sys.argv[1])
training, block_size = order["training"], order["model"]["blockSize"]
batch_size, max_steps = training["batchSize"], training["maxSteps"]
torch.set_num_threads(order["threads"])
torch.manual_seed(training["seed"])

text = open(order["textFile"], encoding="utf-8", newline="").read()
ids = {character: i for i, character in enumerate(sorted(set(text)))}
tokens = torch.tensor([ids[character] for character in text])
split = int(len(tokens) * (1 - training["validationFraction"]))
train_tokens, validation_tokens = tokens[:split], tokens[split:]


def drawn_batches():
    block = torch.arange(block_size)
    while True:
        places = torch.randint(len(train_tokens) - block_size, (batch_size, 1)) + block
        yield train_tokens[places], train_tokens[places + 1]


def given_batches(file):
    """int32 [steps, 2, batch, block]: inputs and targets."""
    for batch in torch.from_numpy(numpy.fromfile(file, dtype=numpy.int32)).long().view(-1, 2, batch_size, block_size):
        yield batch[0], batch[1]


def learning_rate(taken):
    base, least, warm_up = training["learningRate"], training["minLearningRate"], training["warmupSteps"]
    if taken < warm_up:
        return base * (taken + 1) / (warm_up + 1)
    return least + 0.5 * (1 + math.cos(math.pi * (taken - warm_up) / (max_steps - warm_up))) * (base - least)


@torch.no_grad()
def whole_loss(split_tokens):
    """Each token but the first a target once, in windows of the block size; the last one is shorter."""
    count = len(split_tokens) - 1
    full = count // block_size * block_size
    total = 0.0
    for start in range(0, full, 128 * block_size):
        end = min(start + 128 * block_size, full)
        inputs, targets = split_tokens[start:end], split_tokens[start + 1 : end + 1]
        loss = model(inputs.view(-1, block_size), targets.view(-1, block_size))
        total += loss.item() * (end - start)
    if full < count:
        total += model(split_tokens[None, full:count], split_tokens[None, full + 1 :]).item() * (count - full)
    return total / count


sizes = {name: order["model"][name] for name in ("nLayer", "nHead", "nEmbd", "blockSize", "bias")}
model = GPT(len(ids), **sizes)
if "startFolder" in order:
    model.load(read_weights(order["startFolder"]))
parameters = list(model.parameters())
groups = [
    {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": training["weightDecay"]},
    {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
]
betas = (training["beta1"], training["beta2"])
optimizer = torch.optim.AdamW(groups, lr=training["learningRate"], betas=betas, fused=True)
stepped = torch.compile(model) if order["compiled"] else model
batches = given_batches(order["batchesFile"]) if "batchesFile" in order else drawn_batches()

steps = []
began_at = time.time()
for taken in range(order.get("stopAfter", max_steps)):
    for group in optimizer.param_groups:
        group["lr"] = learning_rate(taken)
    inputs, targets = next(batches)
    loss = stepped(inputs, targets)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, training["gradientClip"])
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    value = loss.item()
    steps.append({"atMs": time.time() * 1000, "loss": value})

print(
    json.dumps(
        {
            "recordingMs": 0,
            "beganAtMs": began_at * 1000,
            "steps": steps,
            "metrics": [],
            "trainLoss": None,
            "validationLoss": None if "stopAfter" in order else whole_loss(validation_tokens),
            "bitsPerByte": None,
            "parameters": sum(p.numel() for p in parameters),
            "peakMemoryBytes": peak_memory_bytes(),
            "library": f"PyTorch {torch.__version__}",
        }
    )
)
