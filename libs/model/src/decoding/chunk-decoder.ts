import type { Decoder, DecodingOptions } from '../sampling/decoder.js';
import type { Sequence } from '../sampling/sequence.js';
import { ContinuousDecoder, type DecodingModel } from './continuous-decoder.js';

/** Decodes batches of sequences in chunks, each batch until all its sequences are done. */
export class ChunkDecoder implements Decoder {
  readonly batchSize = 32;
  readonly #model: DecodingModel;

  constructor(model: DecodingModel) {
    this.#model = model;
  }

  async decode(
    sequences: readonly Sequence[],
    { maxNewTokens, sampling, breathe }: DecodingOptions,
  ): Promise<Int32Array[]> {
    const decoder = new ContinuousDecoder(this.#model, { slots: sequences.length });
    const texts = new Map<number, number[]>();
    for (const sequence of sequences) texts.set(decoder.add(sequence, { sampling, maxNewTokens }), []);
    while (decoder.size > 0) {
      await breathe();
      for (const [id, { tokens }] of await decoder.run()) texts.get(id)!.push(...tokens);
    }
    return Array.from(texts.values(), (tokens) => Int32Array.from(tokens));
  }
}
