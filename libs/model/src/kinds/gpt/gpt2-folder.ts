import type { GptConfig } from '../../config/index.js';
import { FEED_FORWARD_FACTOR } from '../../layers/feed-forward.js';
import { LAYER_NORM_EPSILON } from '../../layers/layer-norm.js';
import type { WeightArray, Weights } from '../../weights/weights.js';

/** How much is written after a prompt when nobody says: half a block, so that a prompt of the other half fits before it. */
export function newTokensUnasked(blockSize: number): number {
  return Math.max(1, Math.floor(blockSize / 2));
}

/** config.json of a GPT-2 as Hugging Face's libraries open it. */
export function gpt2Config(config: GptConfig, vocabularySize: number): Record<string, unknown> {
  const { nLayer, nHead, nEmbd, blockSize, dropout } = config;
  return {
    model_type: 'gpt2',
    architectures: ['GPT2LMHeadModel'],
    vocab_size: vocabularySize,
    n_positions: blockSize,
    n_ctx: blockSize,
    n_embd: nEmbd,
    n_layer: nLayer,
    n_head: nHead,
    n_inner: FEED_FORWARD_FACTOR * nEmbd,
    activation_function: 'gelu', // the exact one
    layer_norm_epsilon: LAYER_NORM_EPSILON,
    tie_word_embeddings: true,
    resid_pdrop: dropout,
    embd_pdrop: dropout,
    attn_pdrop: dropout,
    // In a browser transformers.js would otherwise look for a quantized graph.
    'transformers.js_config': { dtype: 'fp32' },
    // How much a pipeline of Transformers 4 writes unasked; it heeds no other place where the folder could say so.
    task_specific_params: { 'text-generation': { max_new_tokens: newTokensUnasked(blockSize) } },
    // GPT-2's own, 50256, would lie outside the vocabulary.
    bos_token_id: null,
    eos_token_id: null,
    pad_token_id: null,
  };
}

/** GPT-2 always has biases: where the model was trained without, they are published as zeros. */
export function withZeroBiases(weights: Weights, { bias }: GptConfig): Weights {
  if (bias) return weights;
  return new Map([...weights].flatMap(([name, weight]) => withZeroBias(name, weight)));
}

function withZeroBias(name: string, weight: WeightArray): [string, WeightArray][] {
  if (/\.w[tp]e\.weight$/u.test(name)) return [[name, weight]];
  const width = weight.shape.at(-1)!;
  const bias = { shape: [width], values: new Float32Array(width) };
  return [
    [name, weight],
    [name.replace(/weight$/u, 'bias'), bias],
  ];
}
