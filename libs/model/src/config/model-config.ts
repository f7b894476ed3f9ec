import { z } from 'zod';
import { attentionConfig, attentionFacts } from './kinds/attention.js';
import { averagingConfig, averagingFacts } from './kinds/averaging.js';
import { bigramConfig, bigramFacts } from './kinds/bigram.js';
import { gptConfig, gptFacts } from './kinds/gpt.js';
import type { KindFacts } from './kinds/kind-facts.js';
import { multiHeadConfig, multiHeadFacts } from './kinds/multi-head.js';

/** What a client says of the model it wants; the vocabulary is not said but found in the dataset. */
export const modelConfig = z.discriminatedUnion('kind', [
  bigramConfig,
  averagingConfig,
  attentionConfig,
  multiHeadConfig,
  gptConfig,
]);
export type ModelConfig = z.output<typeof modelConfig>;
export type ModelKind = ModelConfig['kind'];

type ConfigOf<Kind extends ModelKind> = Extract<ModelConfig, { kind: Kind }>;

const FACTS: { [Kind in ModelKind]: KindFacts<ConfigOf<Kind>> } = {
  bigram: bigramFacts,
  averaging: averagingFacts,
  attention: attentionFacts,
  'multi-head': multiHeadFacts,
  gpt: gptFacts,
};

/** What is known of a kind without any runtime. */
export function factsOf<Kind extends ModelKind>(kind: Kind): KindFacts<ConfigOf<Kind>> {
  return FACTS[kind];
}

/** How many trainable numbers a model has over a vocabulary of `vocabularySize` tokens. */
export function parameterCount(model: ModelConfig, vocabularySize: number): number {
  return factsOf(model.kind).parameterCount(model, vocabularySize);
}
