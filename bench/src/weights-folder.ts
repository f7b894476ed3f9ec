import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Weights } from '@glyphmill/model/training';
import { z } from 'zod';

/** The arrays of `weights.bin` in their order: float32, little-endian, row-major, one after another. */
const index = z.array(z.object({ name: z.string(), shape: z.array(z.int()) }));

/** Writes weights so that a process in any language reads them: `weights.json` and `weights.bin`. */
export function writeWeights(folder: string, weights: Weights): void {
  const names = [...weights].map(([name, { shape }]) => ({ name, shape }));
  const arrays = [...weights.values()].map(({ values }) =>
    Buffer.from(values.buffer, values.byteOffset, values.byteLength),
  );
  writeFileSync(join(folder, 'weights.json'), JSON.stringify(names));
  writeFileSync(join(folder, 'weights.bin'), Buffer.concat(arrays));
}

/** Reads what {@link writeWeights} wrote. */
export function readWeights(folder: string): Weights {
  const bytes = Uint8Array.from(readFileSync(join(folder, 'weights.bin')));
  let start = 0;
  return new Map(
    readShapes(folder).map(({ name, shape }) => {
      const values = new Float32Array(
        bytes.buffer,
        start,
        shape.reduce((product, size) => product * size, 1),
      );
      start += values.byteLength;
      return [name, { shape, values }];
    }),
  );
}

/** The names and shapes alone. */
export function readShapes(folder: string): z.output<typeof index> {
  return index.parse(JSON.parse(readFileSync(join(folder, 'weights.json'), 'utf8')));
}
