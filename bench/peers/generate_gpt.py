"""Generates text with a GPT in PyTorch, measures it, and prints one JSON line: a generation report
(bench/src/generation/generation-report.ts).

Argument: a generation order in JSON, with the threads and whether keys and values are cached.
"""

import json
import sys

import torch
from torch.nn import functional as F

from generation_report import print_report, turned_prompts
from gpt import GPT
from weights_folder import read_weights

order = json.loads(sys.argv[1])
model_sizes = {name: order["model"][name] for name in ("nLayer", "nHead", "nEmbd", "blockSize", "bias")}
batch, top_k = order["batch"], order["topK"]
torch.set_num_threads(order["threads"])
torch.manual_seed(order["seed"])
device = order["device"]  # given to each tensor: a default device would slow every operation down

model = GPT(order["vocabularySize"], **model_sizes)
model.load(read_weights(order["weightsFolder"]))
model.eval().to(device)
prompt = torch.tensor(turned_prompts(order), device=device)  # [B, T]
layers = model.transformer


def sample(logits):
    """logits [B, V] -> a token of the likeliest `top_k` for each row [B, 1]."""
    values, ids = torch.topk(logits, min(top_k, logits.shape[-1]))
    return ids.gather(1, torch.multinomial(F.softmax(values, dim=-1), 1))


def attend(attention, x, cache, start):
    """Queries for the T tokens of x; keys and values of all before them come from the cache, where theirs go."""
    rows, length, width = x.shape
    split = attention.c_attn(x).view(rows, length, 3, attention.heads, width // attention.heads)
    q, k, v = split.permute(2, 0, 3, 1, 4).unbind(0)  # [B, H, T, D] each
    if cache is not None:
        keys, values = cache
        keys[:, :, start : start + length] = k
        values[:, :, start : start + length] = v
        k, v = keys[:, :, : start + length], values[:, :, : start + length]
    mixed = F.scaled_dot_product_attention(q, k, v, is_causal=length > 1)
    return attention.c_proj(mixed.transpose(1, 2).reshape(rows, length, width))


def next_logits(ids, caches, start):
    """ids [B, T], the first of them at place `start` -> the logits after the last one [B, V]."""
    x = layers["wte"](ids) + layers["wpe"](torch.arange(start, start + ids.shape[1], device=device))
    for block, cache in zip(layers["h"], caches):
        x = x + attend(block.attn, block.ln_1(x), cache, start)
        x = x + block.mlp(block.ln_2(x))
    return F.linear(layers["ln_f"](x[:, -1]), layers["wte"].weight)


@torch.inference_mode()
def generate(count):
    if not order["cached"]:
        ids = prompt
        for _ in range(count):
            token = sample(next_logits(ids[:, -model_sizes["blockSize"] :], [None] * model_sizes["nLayer"], 0))
            ids = torch.cat((ids, token), dim=1)
        return
    head_size = model_sizes["nEmbd"] // model_sizes["nHead"]
    shape = (batch, model_sizes["nHead"], prompt.shape[1] + count, head_size)
    caches = [(torch.empty(shape, device=device), torch.empty(shape, device=device)) for _ in range(model_sizes["nLayer"])]
    token, start = prompt, 0
    for _ in range(count):
        length = token.shape[1]
        token = sample(next_logits(token, caches, start))
        start += length


print_report(order, generate)
