"""Measures a generation and prints what bench/src/generation/generation-report.ts says, as one JSON line."""

import json
import statistics
import time

import torch

from peak_memory import peak_memory_bytes


def turned_prompts(order):
    """The ids of each sequence's prompt: the order's, turned on by one token from sequence to sequence."""
    prompt = order["prompt"]
    turns = (row % len(prompt) for row in range(order["batch"]))
    return [prompt[turn:] + prompt[:turn] for turn in turns]


def print_report(order, generate):
    """`generate(count)` generates so many tokens for each sequence of the order's batch."""
    new_tokens, repetitions = order["newTokens"], order["repetitions"]

    def seconds(count):
        began = time.perf_counter()
        generate(count)
        if order["device"] != "cpu":
            torch.cuda.synchronize()  # a GPU works on after the call
        return time.perf_counter() - began

    def median_seconds(count):
        """As often as the order says, and for as long."""
        began, taken = time.perf_counter(), []
        while len(taken) < repetitions or time.perf_counter() - began < order["leastSeconds"]:
            taken.append(seconds(count))
        return statistics.median(taken)

    median_seconds(min(8, new_tokens))
    report = {
        "tokensPerSecond": order["batch"] * new_tokens / median_seconds(new_tokens),
        "firstTokenMs": 1000 * median_seconds(1),
        "peakMemoryBytes": peak_memory_bytes(),
        "library": f"PyTorch {torch.__version__}",
    }
    print(json.dumps(report))
