"""Opens a published gpt as Hugging Face's users do, and prints what it found as one line of JSON.

    hugging_face.py FOLDER TEXT
"""

import contextlib
import io
import json
import logging
import os
import re
import sys
import warnings

import torch
import transformers
from huggingface_hub import ModelCard
from transformers import AutoModelForCausalLM, AutoTokenizer, pipeline

folder, text = sys.argv[1:]
told = io.StringIO()
logging.getLogger("transformers").addHandler(logging.StreamHandler(told))
warnings.showwarning = lambda message, *_, **__: told.write(f"{message}\n")

tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder)
inputs = tokenizer(text[:8], return_tensors="pt")
ids = tokenizer(text)["input_ids"]
with torch.no_grad():
    logits = model(**inputs).logits
    bare = model(input_ids=inputs["input_ids"]).logits
greedy = {"do_sample": False, "max_new_tokens": 8}
generator = pipeline("text-generation", model=folder)
prompts = [text[:4], text[2:11], text[5:6]]
card = ModelCard.load(os.path.join(folder, "README.md"))
printed = re.search(r"```python\n(.*?)```", card.text, re.DOTALL).group(1)
output = io.StringIO()
with contextlib.chdir(os.path.dirname(folder)), contextlib.redirect_stdout(output):
    exec(printed, {})



def alone(prompt):
    """What is written greedily after a prompt, and the logarithm of each character's probability."""
    inputs = tokenizer(prompt, return_tensors="pt")
    sequence = model.generate(**inputs, **greedy)
    start = inputs["input_ids"].shape[1]
    with torch.no_grad():
        shares = model(sequence).logits[0].log_softmax(-1)
    drawn = sequence[0, start:]
    return tokenizer.decode(sequence[0]), shares[start - 1 : -1].gather(1, drawn[:, None])[:, 0].tolist()


texts_alone, logprobs = zip(*map(alone, prompts))

report = {
    "version": transformers.__version__,
    "inputs": sorted(inputs),
    "prompts": prompts,
    "logprobs": logprobs,
    "difference": (logits - bare).abs().max().item(),
    "ids": ids,
    "roundTrips": tokenizer.decode(ids) == text and tokenizer.decode(ids, skip_special_tokens=True) == text,
    "unasked": list(model.generate(**inputs).shape),
    "plain": generator(text[:4])[0]["generated_text"],
    "several": [texts[0]["generated_text"] for texts in generator(prompts)],
    "shorter": generator(text[:4], max_new_tokens=3)[0]["generated_text"],
    "alone": texts_alone,
    "printed": output.getvalue(),
    "card": card.data.to_dict(),
    "evaluations": [[e.metric_type, e.dataset_split, e.metric_value] for e in card.data.eval_results],
}

with contextlib.suppress(ImportError):
    from optimum.onnxruntime import ORTModelForCausalLM

    graph = ORTModelForCausalLM.from_pretrained(folder, subfolder="onnx", file_name="model.onnx")
    batch = tokenizer(prompts, return_tensors="pt", padding=True)
    whole = pipeline("text-generation", model=graph, tokenizer=tokenizer)
    report["optimum"] = {
        "difference": (graph(**inputs).logits - logits).abs().max().item(),
        "plain": whole(text[:4])[0]["generated_text"],
        "batch": tokenizer.batch_decode(graph.generate(**batch, **greedy), skip_special_tokens=True),
        "batches": [texts[0]["generated_text"] for texts in whole(prompts, batch_size=3, **greedy)],
    }

# As the card says of PyTorch, whose GPT-2 has no row for the padding token.
tokenizer.pad_token = tokenizer.convert_ids_to_tokens(0)
batch = tokenizer(prompts, return_tensors="pt", padding=True)
written = model.generate(**batch, **greedy)[:, batch["input_ids"].shape[1] :]
report["batch"] = [prompt + tokenizer.decode(row) for prompt, row in zip(prompts, written)]

print(json.dumps({**report, "told": told.getvalue()}))
