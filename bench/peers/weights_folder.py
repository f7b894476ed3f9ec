"""Weights as a process of ours writes them."""

import json
import math
import os

import numpy


def read_weights(folder):
    """The arrays that bench/src/weights-folder.ts writes, by name."""
    values = numpy.fromfile(os.path.join(folder, "weights.bin"), dtype=numpy.float32)
    arrays, start = {}, 0
    for entry in json.load(open(os.path.join(folder, "weights.json"), encoding="utf-8")):
        size = math.prod(entry["shape"])
        arrays[entry["name"]] = values[start : start + size].reshape(entry["shape"])
        start += size
    return arrays
