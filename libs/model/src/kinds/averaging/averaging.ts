import type { AveragingConfig } from '../../config/index.js';
import { causalAverage, causalAverageOnnx } from '../../layers/causal-average.js';
import { head, headOnnx, headPlan } from '../../layers/head.js';
import { linear, linearOnnx, linearPlan } from '../../layers/linear.js';
import { SequenceOnnxPass } from '../../layers/sequence-onnx-pass.js';
import { tokenAndPosition, tokenAndPositionOnnx, tokenAndPositionPlan } from '../../layers/token-and-position.js';
import type { Network } from '../network/network.js';

const EMBEDDINGS = { tokens: 'wte.weight', positions: 'wpe.weight' };
const HEAD = 'lm_head.weight';

/**
 * The next token depends on the last one and on a bag of all before it: every token of the past counts alike.
 *
 *     ids [B, T] → tokens + positions [B·T, C] → x + mean of the past of value(x) [B·T, C] → head [B·T, V]
 */
export function averagingNetwork(config: AveragingConfig): Network {
  const { nEmbd, blockSize, dropout } = config;
  return {
    blockSize,
    dropout,
    plan: (vocabularySize) => ({
      ...tokenAndPositionPlan(EMBEDDINGS, { vocabularySize, blockSize, nEmbd }),
      ...linearPlan('value', { inputs: nEmbd, outputs: nEmbd, bias: false }),
      ...headPlan(HEAD, { vocabularySize, nEmbd }),
    }),
    logits: (pass, ids) => {
      const x = tokenAndPosition(pass, EMBEDDINGS, ids); // [B·T, C]
      return head(pass, HEAD, x.add(causalAverage(pass, linear(pass, 'value', x)))); // [B·T, V]
    },
    logitsOnnx: (graph, weights) => {
      const pass = new SequenceOnnxPass(graph, weights);
      const x = tokenAndPositionOnnx(pass, EMBEDDINGS); // [B, T, C]
      const past = causalAverageOnnx(pass, linearOnnx(pass, 'value', x)); // [B, T, C]
      headOnnx(pass, HEAD, graph.node('Add', [x, past])); // [B, T, V]
    },
    huggingFaceConfig: (vocabularySize) => ({
      model_type: 'glyphmill-averaging',
      vocab_size: vocabularySize,
      block_size: blockSize,
      n_embd: nEmbd,
    }),
  };
}
