import { readFileSync } from 'node:fs';
import { train, trainingRuntime } from '@glyphmill/model/training';
import { peakMemoryBytes } from './peak-memory.js';
import { trainingOrder, type TrainingReport } from './training-report.js';
import { readWeights, writeWeights } from './weights-folder.js';

/**
 * One process of a benchmark: trains a model as a worker does, and prints a JSON line, a training report. Argument: a
 * training order in JSON. Each step's loss is read, as the peer's is.
 */
const order = trainingOrder.parse(JSON.parse(process.argv[2] ?? '{}'));
const nowMs = () => performance.timeOrigin + performance.now();

const steps: TrainingReport['steps'] = [];
const metrics: TrainingReport['metrics'] = [];
let beganAtMs = nowMs();
let recordingMs = 0;
const enough = new AbortController();

const { stopAfter, startFolder, endFolder } = order;
const trained = await train({
  text: readFileSync(order.textFile, 'utf8'),
  model: order.model,
  training: order.training,
  initialWeights: startFolder === undefined ? undefined : readWeights(startFolder),
  signal: enough.signal,
  onMetric: ({ step, validationLoss, tokensPerSecond, whole }) => {
    if (!whole) metrics.push({ atMs: nowMs(), step, validationLoss, tokensPerSecond });
    if (step === stopAfter) enough.abort();
  },
  // Evaluation and sample before the first step end with the sample.
  onSample: ({ step }) => {
    if (step === 0) beganAtMs = nowMs();
  },
  onPrepared: (preparation) => {
    recordingMs = preparation.recordingMs;
  },
  onStep: ({ loss }) => {
    steps.push({ atMs: nowMs(), loss });
    // Where an evaluation comes after the last step, the training ends after it.
    if (steps.length === stopAfter && steps.length % order.training.evalInterval !== 0) enough.abort();
  },
}).catch((error: unknown) => {
  if (enough.signal.aborted) return undefined;
  throw error;
});

if (trained && endFolder !== undefined) writeWeights(endFolder, trained.weights);
const { libraries } = await trainingRuntime();
const parameters = trained && [...trained.weights.values()].reduce((sum, { values }) => sum + values.length, 0);
const report: TrainingReport = {
  recordingMs,
  beganAtMs,
  steps,
  metrics,
  trainLoss: trained?.trainLoss ?? null,
  validationLoss: trained?.validationLoss ?? null,
  bitsPerByte: trained?.bitsPerByte ?? null,
  parameters: parameters ?? null,
  peakMemoryBytes: peakMemoryBytes(),
  library: `TensorFlow ${libraries.tensorflow}, TensorFlow.js ${libraries.tfjs}`,
};
console.log(JSON.stringify(report));
