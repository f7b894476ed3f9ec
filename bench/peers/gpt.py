"""GPT-2's architecture in PyTorch with nanoGPT's start, under GPT-2's names, as fast as plain PyTorch goes on a CPU."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class LayerNorm(nn.Module):
    def __init__(self, width, bias):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width)) if bias else None

    def forward(self, x):
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, 1e-5)


class Attention(nn.Module):
    def __init__(self, width, heads, bias):
        super().__init__()
        self.heads = heads
        self.c_attn = nn.Linear(width, 3 * width, bias=bias)
        self.c_proj = nn.Linear(width, width, bias=bias)

    def forward(self, x):
        batch, length, width = x.shape
        split = self.c_attn(x).view(batch, length, 3, self.heads, width // self.heads)
        q, k, v = split.permute(2, 0, 3, 1, 4).unbind(0)  # [B, H, T, D] each
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.c_proj(mixed.transpose(1, 2).reshape(batch, length, width))


class FeedForward(nn.Module):
    def __init__(self, width, bias):
        super().__init__()
        self.c_fc = nn.Linear(width, 4 * width, bias=bias)
        self.c_proj = nn.Linear(4 * width, width, bias=bias)

    def forward(self, x):
        return self.c_proj(F.gelu(self.c_fc(x)))


class Block(nn.Module):
    def __init__(self, width, heads, bias):
        super().__init__()
        self.ln_1 = LayerNorm(width, bias)
        self.attn = Attention(width, heads, bias)
        self.ln_2 = LayerNorm(width, bias)
        self.mlp = FeedForward(width, bias)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    def __init__(self, vocabulary, *, nLayer, nHead, nEmbd, blockSize, bias):
        super().__init__()
        self.transformer = nn.ModuleDict(
            {
                "wte": nn.Embedding(vocabulary, nEmbd),
                "wpe": nn.Embedding(blockSize, nEmbd),
                "h": nn.ModuleList(Block(nEmbd, nHead, bias) for _ in range(nLayer)),
                "ln_f": LayerNorm(nEmbd, bias),
            }
        )
        for name, parameter in self.named_parameters():
            if parameter.dim() >= 2:
                adds = name.endswith("c_proj.weight")  # to the residual stream
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * nLayer) if adds else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(self, ids, targets):
        """ids and targets [B, T] -> the mean loss in nats per token."""
        layers = self.transformer
        x = layers["wte"](ids) + layers["wpe"](torch.arange(ids.shape[1]))
        for block in layers["h"]:
            x = block(x)
        logits = F.linear(layers["ln_f"](x), layers["wte"].weight)  # the head is tied
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.reshape(-1))

    @torch.no_grad()
    def load(self, arrays):
        """Takes weights by GPT-2's names, in which linear layers are [inputs, outputs]: the other way round than here."""
        for name, parameter in self.named_parameters():
            array = torch.from_numpy(arrays.pop(name))
            parameter.copy_(array.T if ".c_" in name and array.dim() == 2 else array)
        if arrays:
            raise SystemExit(f"The model has no weights {', '.join(arrays)}.")
