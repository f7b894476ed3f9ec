import type { ModelConfig } from '../config/index.js';
import { bigramDefinition } from './bigram/bigram-definition.js';
import type { ModelDefinition } from './model-definition.js';

/** The definition of a configuration's kind; the compiler sees to it that each kind has one. */
export function definitionOf(model: ModelConfig): ModelDefinition {
  switch (model.kind) {
    case 'bigram':
      return bigramDefinition(model);
  }
}
