import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { readCheckpoint, writeCheckpoint } from '../checkpoints/checkpoint-folder.js';
import { completeTrainingConfig, modelConfig, partialTrainingConfig } from '../config/index.js';
import { writeSafetensors } from '../weights/safetensors.js';
import { train } from './train.js';
import { TrainingControl } from './training-control.js';

/**
 * A training run in a process of its own, which continues from the newest checkpoint in its folder, writes others there, and
 * dies as it is told. Its argument is {@link killedTraining} as JSON.
 */
export const killedTraining = z.object({
  /** Where checkpoints are, as `step-N`, and at the end `model.safetensors` and `end`, the last checkpoint. */
  folder: z.string(),
  training: partialTrainingConfig,
  /** Steps after which it writes a checkpoint. */
  checkpointsAt: z.array(z.int()),
  /** Kills itself once this step is taken and what it writes is written, or in the middle of writing this checkpoint. */
  dieAfter: z.int().optional(),
  dieWriting: z.int().optional(),
});

/** A gpt with dropout, as small as one can be. */
const model = modelConfig.parse({ kind: 'gpt', nLayer: 1, nHead: 2, nEmbd: 8, blockSize: 8, dropout: 0.2 });
const text = 'the cat sat on the mat and the rat ate the hat. '.repeat(20);

const { folder, training, checkpointsAt, dieAfter, dieWriting } = killedTraining.parse(JSON.parse(process.argv[2]!));
const control = new TrainingControl();
const newest = (await readdir(folder))
  .filter((name) => name.startsWith('step-'))
  .sort()
  .at(-1);
let end: Promise<void> | undefined;
let writing = Promise.resolve();
let writingCount = 0;
// The runs differ in maxSteps, from which the warm-up would follow.
const given = { batchSize: 4, evalBatches: 1, export: 'last', warmupSteps: 6, ...training } as const;
const completed = completeTrainingConfig('gpt', given);
const { weights } = await train({
  text,
  model,
  training: completed,
  control,
  resumeFrom: newest === undefined ? undefined : await readCheckpoint(path.join(folder, newest)),
  onStep: ({ step }) => {
    if (dieAfter !== undefined && step >= dieAfter && writingCount === 0) process.kill(process.pid, 'SIGKILL');
    if (checkpointsAt.includes(step)) saveCheckpoint(step);
    if (step === completed.maxSteps) end = control.checkpoint().then((last) => save(last, 'end'));
  },
});
await end;
await writeFile(path.join(folder, 'model.safetensors'), writeSafetensors(weights));

/** Takes it now, and writes it after those before it. */
function saveCheckpoint(step: number): void {
  const taken = control.checkpoint();
  writingCount += 1;
  writing = writing.then(async () => {
    const checkpoint = await taken;
    if (step === dieWriting) setImmediate(() => process.kill(process.pid, 'SIGKILL'));
    await save(checkpoint, `step-${String(checkpoint.step).padStart(4, '0')}`);
    writingCount -= 1;
  });
}

/** Writes it aside and then makes it visible at once. */
async function save(checkpoint: Parameters<typeof writeCheckpoint>[0], name: string): Promise<void> {
  const aside = path.join(folder, `.writing-${name}`);
  await mkdir(aside);
  await writeCheckpoint(checkpoint, aside);
  await rename(aside, path.join(folder, name));
}
