import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { RandomStream } from './index.js';
import { philox4x32 } from './philox.js';

const uint32 = fc.integer({ min: 0, max: 0xffffffff });

function take<T>(count: number, next: () => T): T[] {
  return Array.from({ length: count }, next);
}

describe('philox4x32', () => {
  // Random123's kat_vectors, philox4x32 with 10 rounds: counter, key, output.
  test.each([
    [[0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])('philox4x32 yields the published words for counter %j', (counter, key, expected) => {
    const output = new Uint32Array(4);
    philox4x32(Uint32Array.from(counter), key[0]!, key[1]!, output);
    expect([...output]).toEqual(expected);
  });

  test('philox4x32 agrees with the definition in 64-bit arithmetic', () => {
    fc.assert(
      fc.property(fc.tuple(uint32, uint32, uint32, uint32), uint32, uint32, (counter, key0, key1) => {
        const output = new Uint32Array(4);
        philox4x32(Uint32Array.from(counter), key0, key1, output);
        expect([...output]).toEqual(philoxByDefinition(counter, key0, key1));
      }),
    );
  });
});

describe('a random stream', () => {
  test('a random stream is Philox with the seed and first number as key and the others above the counter', () => {
    const random = new RandomStream(0xa4093822, 0x299f31d0, 0x13198a2e, 0x03707344);
    const expected = new Uint32Array(4);
    philox4x32(Uint32Array.of(0, 0, 0x13198a2e, 0x03707344), 0xa4093822, 0x299f31d0, expected);
    expect(take(4, () => random.nextUint32())).toEqual([...expected]);
  });

  test('carries into the upper counter word after 2³² blocks', () => {
    const random = RandomStream.fromState({ seed: 7, stream: [], drawn: 2 ** 34 - 1 });
    const expected = new Uint32Array(4);
    philox4x32(Uint32Array.of(0xffffffff, 0, 0, 0), 7, 0, expected);
    expect(random.nextUint32()).toBe(expected[3]);
    philox4x32(Uint32Array.of(0, 1, 0, 0), 7, 0, expected);
    expect(random.nextUint32()).toBe(expected[0]);
  });

  test('a random stream continues from a saved state that went through JSON', () => {
    fc.assert(
      fc.property(uint32, fc.array(uint32, { maxLength: 3 }), fc.nat(50), (seed, stream, drawn) => {
        const random = new RandomStream(seed, ...stream);
        take(drawn, () => random.nextUint32());
        const restored = RandomStream.fromState(JSON.parse(JSON.stringify(random.state())));
        expect(take(9, () => restored.nextUint32())).toEqual(take(9, () => random.nextUint32()));
        expect(restored.state()).toEqual(random.state());
      }),
    );
  });

  test('a random stream differs from the streams of other names and seeds', () => {
    const firsts = [[1], [2], [1, 1], [1, 0, 1], [1, 0, 0, 1]].map(([seed, ...stream]) =>
      new RandomStream(seed!, ...stream).nextUint32(),
    );
    expect(new Set(firsts).size).toBe(firsts.length);
  });

  test.each([[-1], [2 ** 32], [0.5], [Number.NaN]])('a random stream refuses the seed %d', (seed) => {
    expect(() => new RandomStream(seed)).toThrow(RangeError);
  });

  test('a random stream refuses a name of four numbers and a state that no stream yields', () => {
    expect(() => new RandomStream(1, 2, 3, 4, 5)).toThrow('A stream is named by at most 3 numbers, not 4.');
    expect(() => RandomStream.fromState({ seed: 1, stream: [], drawn: -1 })).toThrow(RangeError);
  });
});

describe('the numbers of a stream', () => {
  test('as floats are 53 bits of two words, in [0, 1)', () => {
    const words = new RandomStream(3);
    const floats = new RandomStream(3);
    for (let draw = 0; draw < 100; draw += 1) {
      const high = BigInt(words.nextUint32() >>> 5);
      const low = BigInt(words.nextUint32() >>> 6);
      expect(floats.nextFloat()).toBe(Number((high << 26n) | low) / 2 ** 53);
    }
  });

  test('as integers are each equally likely', () => {
    const random = new RandomStream(4);
    const counts = [0, 0, 0, 0, 0];
    for (let draw = 0; draw < 50_000; draw += 1) counts[random.nextInt(5)]! += 1;
    // Chi-squared with 4 degrees of freedom is above 23.5 once in 10,000 seeds.
    const chiSquared = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chiSquared).toBeLessThan(23.5);
  });

  test('as integers skip the words that would favour small results', () => {
    // 3·2³⁰ values: a quarter of all words lies beyond the last complete run.
    const limit = 3 * 2 ** 30;
    const words = new RandomStream(5);
    const fair = take(400, () => words.nextUint32()).filter((word) => word < limit);
    expect(fair.length).toBeLessThan(400);
    const random = new RandomStream(5);
    expect(take(fair.length, () => random.nextInt(limit))).toEqual(fair);
  });

  test('as integers stay below any limit', () => {
    fc.assert(
      fc.property(uint32, fc.integer({ min: 1, max: 2 ** 32 }), (seed, limit) => {
        const value = new RandomStream(seed).nextInt(limit);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThan(limit);
      }),
    );
    expect(() => new RandomStream(1).nextInt(0)).toThrow(RangeError);
    expect(() => new RandomStream(1).nextInt(1.5)).toThrow(RangeError);
  });

  test('as normals have mean 0, variance 1 and kurtosis 3', () => {
    const random = new RandomStream(6);
    const count = 100_000;
    const values = take(count, () => random.nextNormal());
    const moment = (power: number): number => values.reduce((sum, value) => sum + value ** power, 0) / count;
    // Five standard errors each.
    expect(Math.abs(moment(1))).toBeLessThan(5 * Math.sqrt(1 / count));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / count));
  });

  test('fill arrays with what the same draws give one by one', () => {
    const uniform = new Float32Array(7);
    new RandomStream(8).fillUniform(uniform);
    const words = new RandomStream(8);
    expect([...uniform]).toEqual(take(7, () => (words.nextUint32() >>> 8) / 2 ** 24));

    const floats = new Float64Array(7);
    new RandomStream(8).fillFloats(floats);
    const drawn = new RandomStream(8);
    expect([...floats]).toEqual(take(7, () => drawn.nextFloat()));

    const normal = new Float32Array(7);
    new RandomStream(8).fillNormal(normal, 2, 0.5);
    const random = new RandomStream(8);
    expect([...normal]).toEqual(take(7, () => Math.fround(2 + 0.5 * random.nextNormal())));
  });
});

function philoxByDefinition(counter: readonly number[], key0: number, key1: number): number[] {
  const mask = 0xffffffffn;
  let [c0, c1, c2, c3] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
  let k0 = BigInt(key0);
  let k1 = BigInt(key1);
  for (let round = 0; round < 10; round += 1) {
    const product0 = 0xd2511f53n * c0;
    const product1 = 0xcd9e8d57n * c2;
    [c0, c1, c2, c3] = [(product1 >> 32n) ^ c1 ^ k0, product1 & mask, (product0 >> 32n) ^ c3 ^ k1, product0 & mask];
    k0 = (k0 + 0x9e3779b9n) & mask;
    k1 = (k1 + 0xbb67ae85n) & mask;
  }
  return [c0, c1, c2, c3].map(Number);
}
