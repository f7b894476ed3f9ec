import { newTokensUnasked } from '../kinds/gpt/gpt2-folder.js';
import type { ModelConfig } from '../config/index.js';

/** What a model card says of how to use the model elsewhere, in Markdown. */
export function modelUsage(model: ModelConfig, vocabularySize: number, modelId: string): string {
  const asGpt2 = model.kind === 'gpt' ? [gpt2Usage(model.blockSize, modelId)] : [];
  return [...asGpt2, graphUsage(model, vocabularySize), TOKENIZER].map((paragraph) => `${paragraph}\n`).join('\n');
}

function graphUsage({ kind }: ModelConfig, vocabularySize: number): string {
  const logits = `\`logits\` (float, [batch, sequence, ${vocabularySize}])`;
  const ids = '`input_ids` (int64, [batch, sequence])';
  if (kind === 'bigram' || kind === 'averaging') {
    return `\`onnx/model.onnx\` takes ${ids} and returns ${logits} in ONNX Runtime of any language.`;
  }
  return `In ONNX Runtime of any language \`onnx/model.onnx\` takes

- ${ids},
- \`attention_mask\` (int64, [batch, past + sequence]; 1, or 0 for padding on the left), and
- \`past_key_values.N.key\` and \`.value\` (float, [batch, heads, past, head size]; at first with a past of 0),

and returns ${logits} and, as the past of the next run, \`present.N.key\` and \`.value\`.`;
}

function gpt2Usage(blockSize: number, modelId: string): string {
  const unasked = newTokensUnasked(blockSize);
  return `The folder opens as a GPT-2. In the folder that holds this one, as \`${modelId}\`, with Transformers 4 or 5:

\`\`\`python
from transformers import pipeline

generator = pipeline("text-generation", model="./${modelId}")
print(generator("The ")[0]["generated_text"])
\`\`\`

and with transformers.js:

\`\`\`js
import { env, pipeline } from '@huggingface/transformers';

env.localModelPath = './';
const generator = await pipeline('text-generation', '${modelId}');
const [{ generated_text }] = await generator('The ');
console.log(generated_text);
\`\`\`

The model sees ${blockSize} characters. PyTorch's GPT-2 cannot write past them: there a prompt and \`max_new_tokens\`, which is
${unasked} unless you say otherwise, may be ${blockSize + 1} together. \`onnx/model.onnx\`, which transformers.js and Optimum run,
starts over with each ${blockSize} characters and sees nothing of those before; Glyphmill's own generation keeps the newest half.

Several prompts at once are padded on the left, which the graph knows. PyTorch's GPT-2 has no row for the padding token,
which is no character; before padding a batch for it, let a character stand in:
\`tokenizer.pad_token = tokenizer.convert_ids_to_tokens(0)\`.`;
}

const TOKENIZER = `\`tokenizer.json\` opens in Hugging Face's libraries, one token a character. Glyphmill names a character of a prompt
that the model has never seen; **those libraries drop it silently**.`;
