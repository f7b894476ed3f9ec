import type { MultiHeadConfig } from '../../config/index.js';
import { AttentionOnnxPass } from '../../layers/attention-onnx-pass.js';
import type { DecodingOnnxPass } from '../../layers/decoding-onnx-pass.js';
import { head, headOnnx, headPlan } from '../../layers/head.js';
import {
  multiHeadAttention,
  multiHeadAttentionOnnx,
  multiHeadAttentionPlan,
} from '../../layers/multi-head-attention.js';
import { tokenAndPosition, tokenAndPositionOnnx, tokenAndPositionPlan } from '../../layers/token-and-position.js';
import { NORMAL_START } from '../../layers/weight-plan.js';
import type { Network } from '../network/network.js';

const EMBEDDINGS = { tokens: 'wte.weight', positions: 'wpe.weight' };
const ATTENTION = 'attn';
const HEAD = 'lm_head.weight';

/**
 * Attention, but several heads look for different things at once, and a projection mixes what they find.
 *
 *     ids [B, T] → tokens + positions [B·T, C] → x + projection(heads(x)) [B·T, C] → head [B·T, V]
 */
export function multiHeadNetwork(config: MultiHeadConfig): Network {
  const { nEmbd, nHead, blockSize, dropout } = config;
  const shape = { blockSize, nLayer: 1, nEmbd, nHead };
  const logitsOnnx = (pass: AttentionOnnxPass | DecodingOnnxPass) => {
    const x = tokenAndPositionOnnx(pass, EMBEDDINGS); // [B, T, C] or [B, C]
    const past = multiHeadAttentionOnnx(pass, ATTENTION, x, shape);
    return headOnnx(pass, HEAD, pass.graph.node('Add', [x, past])); // [B, T, V] or [B, V]
  };
  return {
    blockSize,
    dropout,
    plan: (vocabularySize) => ({
      ...tokenAndPositionPlan(EMBEDDINGS, { vocabularySize, blockSize, nEmbd }),
      ...multiHeadAttentionPlan(ATTENTION, { nEmbd, bias: false, residualStart: NORMAL_START }),
      ...headPlan(HEAD, { vocabularySize, nEmbd }),
    }),
    logits: (pass, ids) => {
      const x = tokenAndPosition(pass, EMBEDDINGS, ids); // [B·T, C]
      return head(pass, HEAD, x.add(multiHeadAttention(pass, ATTENTION, x, config))); // [B·T, V]
    },
    logitsOnnx: (graph, weights) => void logitsOnnx(new AttentionOnnxPass(graph, weights, shape)),
    decoding: { shape, logitsOnnx },
    huggingFaceConfig: (vocabularySize) => ({
      model_type: 'glyphmill-multi-head',
      vocab_size: vocabularySize,
      block_size: blockSize,
      n_embd: nEmbd,
      n_head: nHead,
    }),
  };
}
