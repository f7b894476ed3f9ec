import { RandomStream } from '@glyphmill/data';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OnnxGraph } from '../onnx/onnx-graph.js';
import { logitsProcessors } from '../sampling/logits-processor.js';
import type { SamplingRules } from '../sampling/sampling-rules.js';
import { TokenDistribution } from '../sampling/token-distribution.js';
import { drawingValuesOnnx, sampledTokenOnnx } from './sampling-graph.js';
import { graphRules, nextUniform } from './graph-rules.js';

const VOCABULARY = 37;
const everything: SamplingRules = { temperature: 1, topK: 0, topP: 1 };

let session: InferenceSession;
beforeAll(async () => {
  const graph = new OnnxGraph('drawing');
  const values = drawingValuesOnnx(graph, {
    temperature: graph.input('temperature', 'float', ['rows', 1]),
    topK: graph.input('top_k', 'int64', ['rows', 1]),
    topP: graph.input('top_p', 'float', ['rows', 1]),
  });
  const logits = graph.input('logits', 'float', ['rows', 'vocabulary']);
  const uniform = graph.input('uniform', 'float', ['rows', 1]);
  const token = sampledTokenOnnx(graph, { ...values, logits, uniform });
  graph.output(graph.node('Identity', [token], {}, 'token'), 'int64', ['rows']);
  session = await InferenceSession.create(graph.encode(), { logSeverityLevel: 4 });
});
afterAll(() => session.release());

interface Draw {
  logits: Float32Array;
  rules: SamplingRules;
  uniform: number;
}

async function drawnTokens(draws: readonly Draw[]): Promise<number[]> {
  const rows = draws.length;
  const rules = draws.map((draw) => graphRules(draw.rules, draw.logits.length));
  const floats = (values: number[]) => new Tensor('float32', Float32Array.from(values), [rows, 1]);
  const { token } = await session.run({
    logits: new Tensor('float32', Float32Array.from(draws.flatMap(({ logits }) => [...logits])), [
      rows,
      draws[0]!.logits.length,
    ]),
    uniform: floats(draws.map(({ uniform }) => uniform)),
    temperature: floats(rules.map(({ temperature }) => temperature)),
    top_k: new Tensor(
      'int64',
      BigInt64Array.from(rules, ({ topK }) => BigInt(topK)),
      [rows, 1],
    ),
    top_p: floats(rules.map(({ topP }) => topP)),
  });
  return Array.from(token!.data as BigInt64Array, Number);
}

const randomLogits = (random: RandomStream) => Float32Array.from({ length: VOCABULARY }, () => 3 * random.nextNormal());

/** The tokens that double precision draws, if rounding moved the uniform number and the p of top-p a little. */
function allowedTokens({ logits, rules, uniform }: Draw): Set<number> {
  const tokens = [-1e-5, 0, 1e-5].flatMap((moved) =>
    [-1e-5, 0, 1e-5].map((changed) => {
      const topP = rules.topP < 1 ? rules.topP + changed : 1;
      return new TokenDistribution(logits, logitsProcessors({ ...rules, topP })).draw(
        Math.min(Math.max(uniform + moved, 0), 1 - 2 ** -30),
      );
    }),
  );
  return new Set(tokens);
}

const allRules: SamplingRules[] = [
  everything,
  { ...everything, temperature: 0.7 },
  { ...everything, temperature: 5 },
  { ...everything, topK: 1 },
  { ...everything, topK: 5 },
  { ...everything, topK: VOCABULARY },
  { ...everything, topP: 0.3 },
  { ...everything, topP: 0.95 },
  { temperature: 1.5, topK: 7, topP: 0.8 },
  { temperature: 0, topK: 0, topP: 1 },
];

test('tokens are those of the rules in double precision, whatever rules the other rows have', async () => {
  const random = new RandomStream(3);
  const draws = Array.from({ length: 2000 }, (_, at): Draw => {
    const rules = allRules[at % allRules.length]!;
    return { logits: randomLogits(random), rules, uniform: nextUniform(rules, random) };
  });
  const together = await drawnTokens(draws);
  const unsure = draws.filter((draw, at) => {
    const allowed = allowedTokens(draw);
    expect(allowed).toContain(together[at]);
    return allowed.size > 1;
  });
  expect(unsure.length).toBeLessThan(20);
  for (const rules of allRules) {
    const some = [...draws.keys()].filter((at) => draws[at]!.rules === rules);
    expect(await drawnTokens(some.map((at) => draws[at]!))).toEqual(some.map((at) => together[at]));
  }
});

test('a rule that takes tokens out never lets them be drawn, at the ends of the range either', async () => {
  const logits = Float32Array.from({ length: VOCABULARY }, (_, id) => (id >= 10 && id < 13 ? 5 + id / 100 : 4));
  const uniforms = [2 ** -23, 0.1, 0.5, 0.9, 1 - 2 ** -23];
  for (const rules of [
    { ...everything, topK: 3 },
    { ...everything, topK: 3, topP: 0.999 },
  ]) {
    const tokens = await drawnTokens(uniforms.map((uniform) => ({ logits, rules, uniform })));
    expect([tokens[0], tokens.at(-1)]).toEqual([10, 12]);
    expect(tokens.filter((token) => token < 10 || token > 12)).toEqual([]);
  }
});

test('greedy takes the lowest id of equally likely tokens; top-k and top-p leave all that are as likely as their last', async () => {
  const logits = Float32Array.of(0, 2, 2, 2, 1);
  const drawnAt = async (rules: SamplingRules) =>
    new Set(await drawnTokens([0.01, 0.4, 0.6, 0.99].map((uniform) => ({ logits, rules, uniform }))));
  const random = new RandomStream(1);
  const greedy = { ...everything, temperature: 0 };
  expect(await drawnTokens([{ logits, rules: greedy, uniform: nextUniform(greedy, random) }])).toEqual([1]);
  expect(await drawnAt({ ...everything, topK: 2 })).toEqual(new Set([1, 2, 3]));
  expect(await drawnAt({ ...everything, topP: 0.2 })).toEqual(new Set([1, 2, 3]));
});

test('tiny temperatures draw the likeliest token, and huge logits make no NaN', async () => {
  const logits = Float32Array.of(1e30, 3e30, 2e30);
  const rules = { ...everything, temperature: Number.MIN_VALUE };
  const uniforms = [2 ** -23, 0.5, 1 - 2 ** -23];
  expect(await drawnTokens(uniforms.map((uniform) => ({ logits, rules, uniform })))).toEqual([1, 1, 1]);
});

test('greedy draws from its stream too, so that the rules before do not change what comes after', () => {
  const [greedy, random] = [new RandomStream(1), new RandomStream(1)];
  nextUniform({ ...everything, temperature: 0 }, greedy);
  const first = nextUniform(everything, random);
  expect(first * 2 ** 23).toBe(Math.floor(first * 2 ** 22) * 2 + 1);
  expect(greedy.state()).toEqual(random.state());
});
