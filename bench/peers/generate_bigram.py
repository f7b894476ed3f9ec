"""Generates text with a bigram model in PyTorch, measures it, and prints one JSON line: a generation report
(bench/src/generation/generation-report.ts).

Argument: a generation order in JSON, with the threads.
"""

import json
import sys

import torch
from torch.nn import functional as F

from generation_report import print_report, turned_prompts
from weights_folder import read_weights

order = json.loads(sys.argv[1])
top_k = order["topK"]
torch.set_num_threads(order["threads"])
torch.manual_seed(order["seed"])
device = order["device"]
(table,) = (torch.from_numpy(array).to(device) for array in read_weights(order["weightsFolder"]).values())
newest = torch.tensor(turned_prompts(order), device=device)[:, -1:]


@torch.inference_mode()
def generate(count):
    token = newest
    for _ in range(count):
        values, ids = torch.topk(table[token[:, 0]], min(top_k, table.shape[1]))
        token = ids.gather(1, torch.multinomial(F.softmax(values, dim=-1), 1))


print_report(order, generate)
