import type { ModelConfig } from '../config/index.js';
import { attentionNetwork } from './attention/attention.js';
import { averagingNetwork } from './averaging/averaging.js';
import { bigramDefinition } from './bigram/bigram-definition.js';
import { gptNetwork } from './gpt/gpt.js';
import type { ModelDefinition } from './model-definition.js';
import { multiHeadNetwork } from './multi-head/multi-head.js';
import { networkDefinition } from './network/network-definition.js';
import type { Network } from './network/network.js';

/** The definition of a configuration's kind; the compiler sees to it that each kind has one. */
export function definitionOf(model: ModelConfig): ModelDefinition {
  return model.kind === 'bigram' ? bigramDefinition(model) : networkDefinition(networkOf(model));
}

/** The layers of a configuration's kind. A bigram has none: it is a table. */
export function networkOf(model: Exclude<ModelConfig, { kind: 'bigram' }>): Network {
  switch (model.kind) {
    case 'averaging':
      return averagingNetwork(model);
    case 'attention':
      return attentionNetwork(model);
    case 'multi-head':
      return multiHeadNetwork(model);
    case 'gpt':
      return gptNetwork(model);
  }
}
