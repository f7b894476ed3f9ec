import { RandomStream } from '@glyphmill/data';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OnnxGraph } from '../onnx/onnx-graph.js';
import { RepetitionPenalty } from '../sampling/logits-processor.js';
import { penalizedLogitsOnnx } from './penalized-logits.js';

const VOCABULARY = 9;

let session: InferenceSession;
beforeAll(async () => {
  const graph = new OnnxGraph('penalty');
  const { logits, seen } = penalizedLogitsOnnx(graph, {
    logits: graph.input('logits', 'float', ['rows', VOCABULARY]),
    seen: graph.input('seen', 'bool', ['rows', 'seen_tokens']),
    newest: graph.input('newest', 'int64', ['rows']),
    penalty: graph.input('penalty', 'float', ['rows', 1]),
    anyPenalty: graph.input('any_penalty', 'bool', []),
  });
  graph.output(graph.node('Identity', [logits], {}, 'penalized'), 'float', ['rows', VOCABULARY]);
  graph.output(graph.node('Identity', [seen], {}, 'seen_now'), 'bool', ['rows', 'seen_tokens']);
  session = await InferenceSession.create(graph.encode(), { logSeverityLevel: 4 });
});
afterAll(() => session.release());

interface Row {
  logits: Float32Array;
  seen: Uint8Array;
  newest: number;
  penalty: number;
}

async function penalized(rows: readonly Row[], { anyPenalty }: { anyPenalty: boolean }) {
  const width = anyPenalty ? VOCABULARY : 0;
  const count = rows.length;
  const { penalized: logits, seen_now: seen } = await session.run({
    logits: new Tensor('float32', Float32Array.from(rows.flatMap((row) => Array.from(row.logits))), [
      count,
      VOCABULARY,
    ]),
    seen: new Tensor('bool', Uint8Array.from(rows.flatMap((row) => Array.from(row.seen.subarray(0, width)))), [
      count,
      width,
    ]),
    newest: new Tensor(
      'int64',
      BigInt64Array.from(rows, (row) => BigInt(row.newest)),
      [count],
    ),
    penalty: new Tensor(
      'float32',
      Float32Array.from(rows, (row) => row.penalty),
      [count, 1],
    ),
    any_penalty: new Tensor('bool', [anyPenalty], []),
  });
  return { logits: logits!.data as Float32Array, seen: seen!.data as Uint8Array };
}

const random = new RandomStream(1);
const rows = [1, 1.5, 0.5, 3].map((penalty): Row => ({
  logits: Float32Array.from({ length: VOCABULARY }, () => 3 * random.nextNormal()),
  seen: Uint8Array.from({ length: VOCABULARY }, () => random.nextInt(2)),
  newest: random.nextInt(VOCABULARY),
  penalty,
}));
const withNewest = ({ seen, newest }: Row) => seen.map((is, id) => (id === newest ? 1 : is));

test('each row has its penalty, as in double precision, for what it has seen and for its newest token', async () => {
  const { logits, seen } = await penalized(rows, { anyPenalty: true });
  for (const [at, row] of rows.entries()) {
    const expected = Float64Array.from(row.logits);
    new RepetitionPenalty(row.penalty, withNewest(row)).process(expected);
    const own = logits.subarray(at * VOCABULARY, (at + 1) * VOCABULARY);
    expect([...own]).toEqual(Array.from(expected, (logit) => expect.closeTo(logit, 5)));
  }
  expect(logits.subarray(0, VOCABULARY)).toEqual(rows[0]!.logits); // its penalty is 1
  expect([...seen]).toEqual(rows.flatMap((row) => Array.from(withNewest(row))));
});

test('if no row has one all is as it was', async () => {
  const { logits, seen } = await penalized(rows, { anyPenalty: false });
  expect([...logits]).toEqual(rows.flatMap((row) => Array.from(row.logits)));
  expect(seen).toHaveLength(0);
});
