import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SamplingRules } from '../sampling/sampling-rules.js';
import type { NewTokens } from '../sampling/decoder.js';
import { ContinuousDecoder } from './continuous-decoder.js';
import type { DecodingModel } from './decoding-session.js';
import {
  addSequence,
  closeDecodingModel,
  openDecodingModel,
  openScheduler,
  randomModel,
  randomSequence,
  tokensOfRun,
  VOCABULARY,
} from './decoding-model.fixture.js';
import type { Scheduler } from './scheduler.js';

const BLOCK = 80;
const models: Record<string, object> = {
  gpt: { kind: 'gpt', nEmbd: 48, nHead: 3, nLayer: 2, blockSize: BLOCK },
  'gpt with biases and heads of an odd size': {
    kind: 'gpt',
    nEmbd: 21,
    nHead: 3,
    nLayer: 1,
    bias: true,
    blockSize: BLOCK,
  },
  attention: { kind: 'attention', nEmbd: 33, blockSize: BLOCK },
};

/** A sequence: when it comes, and with how many tokens it leaves if it is not done before. */
interface Visit {
  number: number;
  length: number;
  maxNewTokens: number;
  sampling: SamplingRules;
  isStreamed: boolean;
  start: number;
  leaveWith: number;
}

const visit: fc.Arbitrary<Visit> = fc.record({
  number: fc.nat(1000),
  length: fc.oneof(fc.integer({ min: 1, max: 2 * BLOCK }), fc.constantFrom(1, 2, 17, BLOCK, BLOCK + 1)),
  maxNewTokens: fc.integer({ min: 1, max: 90 }),
  sampling: fc.record({
    temperature: fc.constantFrom(0, 0.8, 1),
    topK: fc.constantFrom(0, 0, 4, 20),
    topP: fc.constantFrom(1, 1, 0.9),
    repetitionPenalty: fc.constantFrom(1, 1, 1.3, 0.8),
  }),
  isStreamed: fc.constantFrom(false, false, false, true),
  start: fc.nat(7),
  leaveWith: fc.integer({ min: 1, max: 120 }),
});

/** What a visitor has got before it leaves: its tokens, and the bits of its logits. */
class Visitor {
  readonly #leaveWith: number;
  readonly #tokens: number[] = [];
  readonly #logits: Buffer[] = [];

  constructor({ leaveWith }: Visit) {
    this.#leaveWith = leaveWith;
  }

  /** Returns whether it stays. */
  take({ tokens, logits }: NewTokens): boolean {
    this.#tokens.push(...tokens);
    for (const at of tokens.keys()) {
      this.#logits.push(Buffer.from(logits.slice(at * VOCABULARY, (at + 1) * VOCABULARY).buffer));
    }
    return this.#tokens.length < this.#leaveWith;
  }

  get got(): { tokens: number[]; logits: string } {
    const logits = createHash('sha256');
    for (const bytes of this.#logits.slice(0, this.#leaveWith)) logits.update(bytes);
    return { tokens: this.#tokens.slice(0, this.#leaveWith), logits: logits.digest('hex') };
  }
}

async function decode(model: DecodingModel, visits: readonly Visit[], batchSize: number) {
  const decoder = new ContinuousDecoder({ ...model, batchSize });
  const visitors = visits.map((visit) => new Visitor(visit));
  const indexOf = new Map<number, number>();
  const lastStart = Math.max(...visits.map(({ start }) => start));
  for (let run = 0; run <= lastStart || decoder.size > 0; run += 1) {
    for (const [index, { number, length, start, ...options }] of visits.entries()) {
      if (start === run)
        indexOf.set(addSequence(decoder, randomSequence(number, length), { ...options, withLogits: true }), index);
    }
    for (const [id, tokens] of await tokensOfRun(decoder)) {
      if (!visitors[indexOf.get(id)!]!.take(tokens)) decoder.remove(id);
    }
  }
  return visitors.map(({ got }) => got);
}

/** The same over threads, each visitor a call of its own; all come at once. */
async function decodeByThreads(decoder: Scheduler, visits: readonly Visit[]) {
  const calls = visits.map(async (visit) => {
    const { number, length, ...options } = visit;
    const visitor = new Visitor(visit);
    await decoder.decode([randomSequence(number, length)], {
      ...options,
      withLogits: true,
      yieldToEventLoop: () => Promise.resolve(),
      onTokens: (_, tokens) => visitor.take(tokens),
    });
    return visitor.got;
  });
  return await Promise.all(calls);
}

describe.each(Object.entries(models))('%s', (_, given) => {
  const random = randomModel(given);
  let oneThread: DecodingModel;
  let twoThreads: DecodingModel;
  let apart: Scheduler;
  beforeAll(async () => {
    [oneThread, twoThreads] = [await openDecodingModel(random, 1), await openDecodingModel(random, 2)];
    apart = await openScheduler(random, { decodingThreads: 3, sessionThreads: 1 });
  });
  afterAll(async () => {
    await closeDecodingModel(oneThread);
    await closeDecodingModel(twoThreads);
    await apart.close();
  });

  test('the tokens and the bits of the logits of a sequence are those that it has alone', async () => {
    const visits = fc.array(visit, { minLength: 1, maxLength: 40, size: 'max' });
    await fc.assert(
      fc.asyncProperty(visits, fc.constantFrom(5, 12, 40), async (visits, batchSize) => {
        const alone = [];
        for (const one of visits)
          alone.push(...(await decode(oneThread, [{ ...one, start: 0, isStreamed: false }], 1)));
        expect(await decode(oneThread, visits, batchSize)).toEqual(alone);
        expect(await decode(twoThreads, visits, batchSize)).toEqual(alone);
        expect(await decodeByThreads(apart, visits)).toEqual(alone);
      }),
      { numRuns: 8, endOnFailure: true },
    );
  });
});
