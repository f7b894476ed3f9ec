import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { completeTrainingConfig, trainingMemoryBytes } from '@glyphmill/model/config';
import { exportModel, train, TrainingControl, writeCheckpoint } from '@glyphmill/model/training';
import { peakMemoryBytes } from '../peak-memory.js';
import { memoryOrder, memoryReport } from './training-run.js';

/**
 * One process of the memory benchmark: does all that a training engine does (steps, evaluations, samples, a checkpoint
 * on the way and one at the end, the export with its checks), and prints a JSON line, a memory report. Argument: a
 * memory order in JSON.
 */
const { model, training: given, characters, vocabularySize } = memoryOrder.parse(JSON.parse(process.argv[2] ?? '{}'));
const training = completeTrainingConfig(model.kind, { maxSteps: 3, evalInterval: 2, evalBatches: 1, ...given });
const folder = await mkdtemp(path.join(tmpdir(), 'glyphmill-memory-'));
try {
  const textFile = path.join(folder, 'text');
  await writeFile(textFile, textOf(characters, vocabularySize));
  const text = await readFile(textFile, 'utf8');
  const control = new TrainingControl();
  const checkpoints: Promise<void>[] = [];
  const keep = async (name: string) => {
    const checkpoint = await control.checkpoint();
    await mkdir(path.join(folder, name));
    await writeCheckpoint(checkpoint, path.join(folder, name));
  };
  const trained = await train({
    text,
    model,
    training,
    control,
    onStep: ({ step }) => {
      if (step === 1) checkpoints.push(keep('checkpoint'));
    },
    onStepsTaken: () => void checkpoints.push(keep('last')),
  });
  await mkdir(path.join(folder, 'export'));
  const about = {
    modelId: 'model_measured',
    name: 'measured',
    job: 'job_measured',
    dataset: { id: 'ds_measured', name: 'measured', sha256: '0'.repeat(64) },
  };
  await exportModel(trained, path.join(folder, 'export'), about);
  await Promise.all(checkpoints);
  const estimateBytes = trainingMemoryBytes(model, training, { characters, vocabularySize });
  console.log(JSON.stringify(memoryReport.parse({ peakBytes: peakMemoryBytes(), estimateBytes })));
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** A text of so many characters, so many of them distinct: over and over the first code points from 0 on. */
function textOf(length: number, distinct: number): string {
  const surrogates = 0xd800;
  const codePointOf = (index: number) => {
    const codePoint = 0x30 + index;
    return codePoint < surrogates ? codePoint : codePoint + 0x800;
  };
  const alphabet = Array.from({ length: distinct }, (_, index) => String.fromCodePoint(codePointOf(index))).join('');
  return alphabet.repeat(Math.ceil(length / distinct)).slice(0, distinct > 0x7000 ? undefined : length);
}
