import { RandomStream } from '@glyphmill/data';
import { modelConfig, type ModelConfig } from '../config/index.js';
import { definitionOf } from '../kinds/definition-of.js';
import { startPlanned } from '../layers/planned-weights.js';
import { LanguageModelSession } from '../onnx/language-model-session.js';
import { startSequence, type Sequence } from '../sampling/sequence.js';
import type { Weights } from '../weights/weights.js';
import type { NewTokens } from '../sampling/decoder.js';
import type { DecodingRequest } from './decoding-request.js';
import type { ContinuousDecoder } from './continuous-decoder.js';
import type { DecodingModel } from './decoding-session.js';
import { DecodingSession } from './decoding-session.js';
import { sharedBytes } from './thread-messages.js';
import { Scheduler } from './scheduler.js';
import type { ThreadSettings } from './thread-messages.js';
import type { ThreadPlan } from './thread-plan.js';

export const VOCABULARY = 29;

/** All weights from N(0, 0.09), also biases and norms, so that none can be missing unseen. */
export function randomModel(given: object): { model: ModelConfig; weights: Weights } {
  const model = modelConfig.parse(given);
  const random = new RandomStream(1);
  const weights = startPlanned(definitionOf(model).plan(VOCABULARY), random);
  for (const { values } of weights.values()) random.fillNormal(values, 0, 0.3);
  return { model, weights };
}

export async function openDecodingModel(
  { model, weights }: { model: ModelConfig; weights: Weights },
  threads: number,
): Promise<DecodingModel> {
  const definition = definitionOf(model);
  const options = { device: 'cpu', threads } as const;
  return {
    model: await LanguageModelSession.open(definition.onnx(weights), options),
    decoding: await DecodingSession.open(definition.decodingOnnx(weights)!, options),
    blockSize: model.blockSize,
    vocabularySize: VOCABULARY,
    batchSize: 12,
  };
}

/** The same model, decoded by threads of their own. */
export async function openScheduler(
  { model, weights }: { model: ModelConfig; weights: Weights },
  plan: ThreadPlan,
  changed: Partial<ThreadSettings> = {},
): Promise<Scheduler> {
  const definition = definitionOf(model);
  return await Scheduler.open({
    ...plan,
    device: 'cpu',
    onnx: sharedBytes(definition.onnx(weights)),
    decodingOnnx: sharedBytes(definition.decodingOnnx(weights)!),
    blockSize: model.blockSize,
    vocabularySize: VOCABULARY,
    ...changed,
  });
}

const nextIds = new WeakMap<ContinuousDecoder, number>();

/** Has a decoder decode a sequence, of which it is given the whole context; returns its id, 0 for the decoder's first. */
export function addSequence(
  decoder: ContinuousDecoder,
  { context, random }: Sequence,
  options: Omit<DecodingRequest, 'id' | 'context' | 'random'>,
): number {
  const id = nextIds.get(decoder) ?? 0;
  nextIds.set(decoder, id + 1);
  decoder.add({ id, context, random: random.state(), ...options });
  return id;
}

/** What each sequence has got in one run, by its id. */
export async function tokensOfRun(decoder: ContinuousDecoder): Promise<Map<number, NewTokens>> {
  const all = new Map<number, NewTokens>();
  await decoder.run((taken) => {
    for (const [id, tokens] of taken) all.set(id, tokens);
  });
  return all;
}

export async function closeDecodingModel({ model, decoding }: DecodingModel): Promise<void> {
  await model.close();
  await decoding.close();
}

/** A sequence of random tokens; the same number yields the same one. */
export function randomSequence(number: number, length: number): Sequence {
  const random = new RandomStream(number, length);
  const context = Int32Array.from({ length }, () => random.nextInt(VOCABULARY));
  return startSequence(context, { seed: 1, promptIndex: number, sampleIndex: 0 });
}
