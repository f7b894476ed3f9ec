import type { ModelConfig } from '../config/index.js';

/** What a model card says of how to use the model elsewhere, in Markdown. */
export function modelUsage(model: ModelConfig, vocabularySize: number): string {
  return [graphUsage(model, vocabularySize), ...(model.kind === 'gpt' ? [gpt2Usage(model.blockSize)] : []), TOKENIZER]
    .map((paragraph) => `${paragraph}\n`)
    .join('\n');
}

function graphUsage({ kind }: ModelConfig, vocabularySize: number): string {
  const logits = `\`logits\` (float, [batch, sequence, ${vocabularySize}])`;
  const ids = '`input_ids` (int64, [batch, sequence])';
  if (kind === 'bigram' || kind === 'averaging') {
    return `\`onnx/model.onnx\` takes ${ids} and gives ${logits} in ONNX Runtime of any language.`;
  }
  return `In ONNX Runtime of any language \`onnx/model.onnx\` takes

- ${ids},
- \`attention_mask\` (int64, [batch, past + sequence]; 1, or 0 for padding on the left), and
- \`past_key_values.N.key\` and \`.value\` (float, [batch, heads, past, head size]; at first with a past of 0),

and gives ${logits} and, as the past of the next run, \`present.N.key\` and \`.value\`.`;
}

function gpt2Usage(blockSize: number): string {
  return `The folder opens as a GPT-2 in Hugging Face's Transformers and in transformers.js (\`dtype: 'fp32'\`). There a text
has at most ${blockSize} tokens, its prompt included: give a pipeline \`max_new_tokens\` that fits.`;
}

const TOKENIZER = `\`tokenizer.json\` opens in Hugging Face's libraries, one token a character. Glyphmill names a character of a prompt
that the model has never seen; **those libraries drop it silently**.`;
