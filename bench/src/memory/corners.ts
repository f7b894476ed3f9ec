import type { ModelConfig } from '@glyphmill/model/config';
import { type MemoryOrder, memoryOrder } from './training-run.js';

/** A training run at a corner of what validation allows, small enough to be measured: below 8 GiB. */
export interface Corner {
  title: string;
  order: MemoryOrder;
}

interface Given {
  batchSize?: number;
  vocabularySize?: number;
  /** Left out: what the block and the vocabulary need at least. */
  characters?: number;
  gradientAccumulationSteps?: number;
}

type Sizes<Kind extends ModelConfig['kind']> = { kind: Kind } & Partial<Extract<ModelConfig, { kind: Kind }>>;

function corner(title: string, model: Sizes<ModelConfig['kind']> & { blockSize: number }, given: Given = {}): Corner {
  const { batchSize = 1, vocabularySize = 65, gradientAccumulationSteps = 1 } = given;
  const characters = given.characters ?? Math.max(2 * (model.blockSize + 8), vocabularySize);
  const training = { batchSize, gradientAccumulationSteps, validationFraction: 0.5 };
  return { title, order: memoryOrder.parse({ model, training, characters, vocabularySize }) };
}

const tiny = { nEmbd: 8, nHead: 1, nLayer: 1 };

/** In order: the least of all, a usual run, and for each kind what makes it large. */
export const CORNERS: readonly Corner[] = [
  corner('least of all', { kind: 'gpt', ...tiny, blockSize: 1 }, { vocabularySize: 2 }),
  corner('usual gpt', { kind: 'gpt', blockSize: 64 }, { batchSize: 12 }),
  corner('bigram, large vocabulary', { kind: 'bigram', blockSize: 8 }, { batchSize: 1024, vocabularySize: 5000 }),
  corner('bigram, large batch', { kind: 'bigram', blockSize: 8 }, { batchSize: 524_288 }),
  corner('bigram, long text', { kind: 'bigram', blockSize: 8 }, { batchSize: 262_144, characters: 50_000_000 }),
  corner('averaging, largest block', { kind: 'averaging', nEmbd: 8, blockSize: 8192 }),
  corner('averaging, wide', { kind: 'averaging', nEmbd: 4096, blockSize: 8 }),
  corner('averaging, large batch', { kind: 'averaging', nEmbd: 64, blockSize: 8 }, { batchSize: 32_768 }),
  corner(
    'averaging, 2,048 × 20,000 logits',
    { kind: 'averaging', nEmbd: 8, blockSize: 64 },
    { batchSize: 32, vocabularySize: 20_000 },
  ),
  corner('attention, long block', { kind: 'attention', nEmbd: 8, blockSize: 4096 }),
  corner('attention, long block, dropout', { kind: 'attention', nEmbd: 8, blockSize: 4096, dropout: 0.1 }),
  corner('attention, largest block', { kind: 'attention', nEmbd: 8, blockSize: 8192 }),
  corner('attention, large batch', { kind: 'attention', nEmbd: 64, blockSize: 8 }, { batchSize: 16_384 }),
  corner('multi-head, long block, dropout', { kind: 'multi-head', nHead: 4, nEmbd: 8, blockSize: 2048, dropout: 0.1 }),
  corner('multi-head, block of 512, dropout', { kind: 'multi-head', nHead: 8, nEmbd: 8, blockSize: 512, dropout: 0.1 }),
  corner('multi-head, large batch', { kind: 'multi-head', nHead: 4, nEmbd: 64, blockSize: 64 }, { batchSize: 1024 }),
  corner('multi-head, wide', { kind: 'multi-head', nHead: 4, nEmbd: 2048, blockSize: 8 }),
  corner('gpt, largest block', { kind: 'gpt', ...tiny, blockSize: 8192 }),
  corner(
    'gpt, 2,048 × 20,000 logits',
    { kind: 'gpt', ...tiny, blockSize: 64 },
    { batchSize: 32, vocabularySize: 20_000 },
  ),
  corner('gpt, long block, four layers', {
    kind: 'gpt',
    nEmbd: 64,
    nHead: 4,
    nLayer: 4,
    blockSize: 1024,
    dropout: 0.1,
  }),
  corner('gpt, vocabulary of 8,000', { kind: 'gpt', ...tiny, blockSize: 4 }, { vocabularySize: 8000 }),
  corner('gpt, vocabulary of 20,000', { kind: 'gpt', ...tiny, blockSize: 4 }, { vocabularySize: 20_000 }),
  corner('gpt, vocabulary of 60,000', { kind: 'gpt', ...tiny, blockSize: 4 }, { vocabularySize: 60_000 }),
  corner('gpt, 256 × 20,000 logits', { kind: 'gpt', ...tiny, blockSize: 256 }, { vocabularySize: 20_000 }),
  corner('gpt, 25 million parameters', { kind: 'gpt', nEmbd: 1024, nHead: 4, nLayer: 2, blockSize: 8 }),
  corner(
    'gpt, 25 million parameters, accumulation',
    { kind: 'gpt', nEmbd: 1024, nHead: 4, nLayer: 2, blockSize: 8 },
    { gradientAccumulationSteps: 2 },
  ),
  corner('gpt, 12 layers of 256', { kind: 'gpt', nEmbd: 256, nHead: 4, nLayer: 12, blockSize: 8 }),
  corner(
    'gpt, bias, dropout, accumulation',
    { kind: 'gpt', nEmbd: 128, nHead: 4, nLayer: 4, blockSize: 64, bias: true, dropout: 0.2 },
    { batchSize: 128, gradientAccumulationSteps: 2 },
  ),
  corner('gpt, 96 layers', { kind: 'gpt', ...tiny, nLayer: 96, blockSize: 8 }),
  corner('gpt, large batch', { kind: 'gpt', nEmbd: 64, nHead: 1, nLayer: 2, blockSize: 8 }, { batchSize: 16_384 }),
  corner('gpt, long text', { kind: 'gpt', ...tiny, blockSize: 8 }, { batchSize: 2048, characters: 20_000_000 }),
];
