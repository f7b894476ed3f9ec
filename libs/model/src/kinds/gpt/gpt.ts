import type { Tensor2D } from '@glyphmill/tensorflow';
import type { GptConfig } from '../../config/index.js';
import { AttentionOnnxPass } from '../../layers/attention-onnx-pass.js';
import type { DecodingOnnxPass } from '../../layers/decoding-onnx-pass.js';
import { feedForward, feedForwardOnnx, feedForwardPlan } from '../../layers/feed-forward.js';
import type { ForwardPass } from '../../layers/forward-pass.js';
import { head, headOnnx } from '../../layers/head.js';
import { layerNorm, layerNormOnnx, layerNormPlan } from '../../layers/layer-norm.js';
import {
  multiHeadAttention,
  multiHeadAttentionOnnx,
  multiHeadAttentionPlan,
} from '../../layers/multi-head-attention.js';
import { tokenAndPosition, tokenAndPositionOnnx, tokenAndPositionPlan } from '../../layers/token-and-position.js';
import { NORMAL_START, type WeightPlan } from '../../layers/weight-plan.js';
import { weightNamed } from '../../weights/weights.js';
import type { Network } from '../network/network.js';
import { gpt2Config, withZeroBiases } from './gpt2-folder.js';

/** GPT-2's names in Hugging Face's libraries. The head is tied to the embedding of tokens. */
const EMBEDDINGS = { tokens: 'transformer.wte.weight', positions: 'transformer.wpe.weight' };
const LAST_NORM = 'transformer.ln_f';
const blockNames = (nLayer: number) => Array.from({ length: nLayer }, (_, layer) => `transformer.h.${layer}`);

/**
 * GPT-2's architecture with nanoGPT's start (https://github.com/karpathy/nanoGPT).
 *
 *     ids [B, T] → tokens + positions [B·T, C] → nLayer blocks [B·T, C] → layer norm → tied head [B·T, V]
 */
export function gptNetwork(config: GptConfig): Network {
  const { nLayer, nEmbd, blockSize, dropout, bias } = config;
  const logitsOnnx = (pass: AttentionOnnxPass | DecodingOnnxPass) => {
    let x = tokenAndPositionOnnx(pass, EMBEDDINGS); // [B, T, C] or [B, C]
    for (const name of blockNames(nLayer)) x = blockOnnx(pass, name, x, config);
    return headOnnx(pass, EMBEDDINGS.tokens, layerNormOnnx(pass, LAST_NORM, x)); // [B, T, V] or [B, V]
  };
  return {
    blockSize,
    dropout,
    plan: (vocabularySize) => ({
      ...tokenAndPositionPlan(EMBEDDINGS, { vocabularySize, blockSize, nEmbd }),
      ...Object.assign({}, ...blockNames(nLayer).map((name) => blockPlan(name, config))),
      ...layerNormPlan(LAST_NORM, { width: nEmbd, bias }),
    }),
    logits: (pass, ids) => {
      let x = tokenAndPosition(pass, EMBEDDINGS, ids); // [B·T, C]
      for (const name of blockNames(nLayer)) x = block(pass, name, x, config); // [B·T, C]
      return head(pass, EMBEDDINGS.tokens, layerNorm(pass, LAST_NORM, x)); // [B·T, V]
    },
    logitsOnnx: (graph, weights) => {
      const [vocabularySize] = weightNamed(weights, EMBEDDINGS.tokens).shape;
      logitsOnnx(new AttentionOnnxPass(graph, weights, config, vocabularySize));
    },
    decoding: { shape: config, logitsOnnx },
    huggingFaceConfig: (vocabularySize) => gpt2Config(config, vocabularySize),
    publishedWeights: (weights) => withZeroBiases(weights, config),
  };
}

/** What adds to the residual stream starts smaller, so that the stream's variance does not grow with the layers. */
function blockPlan(name: string, { nLayer, nEmbd, bias }: GptConfig): WeightPlan {
  const residualStart = { standardDeviation: NORMAL_START.standardDeviation / Math.sqrt(2 * nLayer) };
  return {
    ...layerNormPlan(`${name}.ln_1`, { width: nEmbd, bias }),
    ...multiHeadAttentionPlan(`${name}.attn`, { nEmbd, bias, residualStart }),
    ...layerNormPlan(`${name}.ln_2`, { width: nEmbd, bias }),
    ...feedForwardPlan(`${name}.mlp`, { nEmbd, bias, residualStart }),
  };
}

/** x [B·T, C] → x + attention(norm(x)) → x + feed-forward(norm(x)) [B·T, C]. */
function block(pass: ForwardPass, name: string, x: Tensor2D, config: GptConfig): Tensor2D {
  const attended = x.add<Tensor2D>(
    multiHeadAttention(pass, `${name}.attn`, layerNorm(pass, `${name}.ln_1`, x), config),
  );
  return attended.add(feedForward(pass, `${name}.mlp`, layerNorm(pass, `${name}.ln_2`, attended)));
}

/** The same in ONNX, of [B, T, C] or [B, C]. */
function blockOnnx(pass: AttentionOnnxPass | DecodingOnnxPass, name: string, x: string, config: GptConfig): string {
  const { graph } = pass;
  const gathered = multiHeadAttentionOnnx(pass, `${name}.attn`, layerNormOnnx(pass, `${name}.ln_1`, x), config);
  const attended = graph.node('Add', [x, gathered]);
  const thought = feedForwardOnnx(pass, `${name}.mlp`, layerNormOnnx(pass, `${name}.ln_2`, attended));
  return graph.node('Add', [attended, thought]);
}
