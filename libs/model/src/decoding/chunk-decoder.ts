import type { Decoder, DecodingOptions } from '../sampling/decoder.js';
import type { Sequence } from '../sampling/sequence.js';
import { ContinuousDecoder } from './continuous-decoder.js';
import type { DecodingModel } from './decoding-model.js';

/** Decodes batches of sequences in chunks, each batch until all its sequences are done. */
export class ChunkDecoder implements Decoder {
  readonly batchSize: number;
  readonly #model: DecodingModel;

  constructor(model: DecodingModel) {
    this.#model = model;
    this.batchSize = model.groupSize;
  }

  async decode(
    sequences: readonly Sequence[],
    { maxNewTokens, sampling, breathe }: DecodingOptions,
  ): Promise<Int32Array[]> {
    const decoder = new ContinuousDecoder(this.#model, { slots: sequences.length });
    const texts = new Map<number, number[]>();
    for (const sequence of sequences) texts.set(decoder.add(sequence, { sampling, maxNewTokens }), []);
    while (decoder.size > 0) {
      for (const [id, { tokens }] of await decoder.run({ breathe })) texts.get(id)!.push(...tokens);
    }
    return Array.from(texts.values(), (tokens) => Int32Array.from(tokens));
  }
}
