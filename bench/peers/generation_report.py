"""Measures a generation and prints what bench/src/generation/generation-report.ts says, as one JSON line."""

import json
import statistics

import torch

from peak_memory import peak_memory_bytes


def print_report(order, seconds):
    """`seconds(count)` generates so many tokens for each sequence of the order's batch and gives the time it took."""
    new_tokens, repetitions = order["newTokens"], order["repetitions"]
    seconds(min(8, new_tokens))
    first = [seconds(1) for _ in range(repetitions)]
    whole = [seconds(new_tokens) for _ in range(repetitions)]
    report = {
        "tokensPerSecond": order["batch"] * new_tokens / statistics.median(whole),
        "firstTokenMs": 1000 * statistics.median(first),
        "peakMemoryBytes": peak_memory_bytes(),
        "library": f"PyTorch {torch.__version__}",
    }
    print(json.dumps(report))
