import type { AttentionConfig } from '../../config/index.js';
import { AttentionOnnxPass } from '../../layers/attention-onnx-pass.js';
import { causalSelfAttention, causalSelfAttentionOnnx } from '../../layers/causal-self-attention.js';
import type { DecodingOnnxPass } from '../../layers/decoding-onnx-pass.js';
import { head, headOnnx, headPlan } from '../../layers/head.js';
import { linearPlan } from '../../layers/linear.js';
import { tokenAndPosition, tokenAndPositionOnnx, tokenAndPositionPlan } from '../../layers/token-and-position.js';
import type { Network } from '../network/network.js';

const EMBEDDINGS = { tokens: 'wte.weight', positions: 'wpe.weight' };
const ATTENTION = 'attn.c_attn';
const HEAD = 'lm_head.weight';

/**
 * Averaging, but each token chooses what of the past counts: one head of attention as wide as the embedding.
 *
 *     ids [B, T] → tokens + positions [B·T, C] → x + attention(x) [B·T, C] → head [B·T, V]
 */
export function attentionNetwork(config: AttentionConfig): Network {
  const { nEmbd, blockSize, dropout } = config;
  const shape = { blockSize, nLayer: 1, nEmbd, nHead: 1 };
  const logitsOnnx = (pass: AttentionOnnxPass | DecodingOnnxPass) => {
    const x = tokenAndPositionOnnx(pass, EMBEDDINGS); // [B, T, C] or [B, C]
    const past = causalSelfAttentionOnnx(pass, ATTENTION, x, shape);
    return headOnnx(pass, HEAD, pass.graph.node('Add', [x, past])); // [B, T, V] or [B, V]
  };
  return {
    blockSize,
    dropout,
    plan: (vocabularySize) => ({
      ...tokenAndPositionPlan(EMBEDDINGS, { vocabularySize, blockSize, nEmbd }),
      ...linearPlan(ATTENTION, { inputs: nEmbd, outputs: 3 * nEmbd, bias: false }),
      ...headPlan(HEAD, { vocabularySize, nEmbd }),
    }),
    logits: (pass, ids) => {
      const x = tokenAndPosition(pass, EMBEDDINGS, ids); // [B·T, C]
      return head(pass, HEAD, x.add(causalSelfAttention(pass, ATTENTION, x, shape))); // [B·T, V]
    },
    logitsOnnx: (graph, weights) => void logitsOnnx(new AttentionOnnxPass(graph, weights, shape)),
    decoding: { shape, logitsOnnx },
    huggingFaceConfig: (vocabularySize) => ({
      model_type: 'glyphmill-attention',
      vocab_size: vocabularySize,
      block_size: blockSize,
      n_embd: nEmbd,
    }),
  };
}
