import {
  type Checkpoint,
  exportModel,
  train,
  TrainingControl,
  type TrainingProgress,
  trainingRuntime,
  writeCheckpoint,
} from '@glyphmill/model/training';
import { readPlainFile } from '@glyphmill/storage';
import { describeEngineError } from '../engine/describe-engine-error.js';
import { engineSettings, WrongDeviceError } from '../engine/engine-settings.js';
import { serveEngine } from '../engine/serve-engine.js';
import { readNewest } from './resume-point.js';
import { compilesWithXla, numericSettings } from './training-environment.js';
import {
  type CheckpointCommand,
  type TrainCommand,
  trainingCommand,
  type TrainingReport,
} from './training-protocol.js';

const settings = engineSettings.parse(process.env);
const control = new TrainingControl();
const stopping = new AbortController();
/** Asked for at the last step: once the training has ended it can give none. */
let lastCheckpoint: Promise<Checkpoint> | undefined;

/** A training engine: loads TensorFlow, says what it runs on, and does one training run, with checkpoints when it is asked. */
const parent = serveEngine<typeof trainingCommand, TrainingReport>(trainingCommand, (command) => {
  void (command.type === 'train' ? runTraining(command) : keepCheckpoint(command));
});

async function runTraining(command: TrainCommand): Promise<void> {
  const { dataset, exportFolder, model, training, initFrom, checkpoints, mustResume, continues, about } = command;
  try {
    const text = String(await readPlainFile(dataset.folder, 'content', { maxBytes: dataset.bytes }));
    let progress: TrainingProgress | undefined;
    const tellExporting = (etaSeconds: number | null) => {
      if (progress) parent.send({ type: 'progress', progress: { ...progress, phase: 'exporting', etaSeconds } });
    };
    const trained = await train({
      text,
      model,
      training,
      initFrom,
      continues,
      resumeFrom: await readNewest(checkpoints, mustResume, (message) => log('warn', message)),
      processSettings: { threads: String(settings.threads), ...numericSettings(process.env) },
      control,
      signal: stopping.signal,
      onResume: ({ step, differences }) => {
        log('info', `resumed at step ${step}`);
        if (differences.length === 0) return;
        log('warn', `bits may differ from those of a run that never stopped: ${differences.join('; ')}`);
      },
      onBestMeasured: ({ step, validationLoss, evalBatches }) => {
        const loss = validationLoss.toFixed(4);
        log(
          'info',
          `evaluations now take ${evalBatches} batches, over which the best weights so far (step ${step}) have a validation loss of ${loss}`,
        );
      },
      onPrepared: ({ recordingMs, compilingMs }) => {
        const compiler = `XLA ${compilesWithXla(process.env) ? 'on' : 'off'}`;
        log(
          'info',
          `prepared in ${seconds(recordingMs + compilingMs)}, of which compiling ${seconds(compilingMs)}; ${compiler}`,
        );
      },
      onStepsTaken: announceLast,
      onProgress: (reported) => {
        progress = reported;
        parent.send({ type: 'progress', progress: reported });
      },
      onMetric: (metric) => parent.send({ type: 'event', event: { type: 'metric', ...metric } }),
      onSample: (sample) => parent.send({ type: 'event', event: { type: 'sample', ...sample } }),
    });
    tellExporting(null);
    await exportModel(trained, exportFolder, { ...about, threads: settings.threads });
    tellExporting(0);
    parent.send({ type: 'done', trainLoss: trained.trainLoss, validationLoss: trained.validationLoss });
  } catch (error) {
    if (stopping.signal.aborted) return;
    parent.send({ type: 'failed', error: describeEngineError(error) });
  }
}

async function keepCheckpoint({ folder, thenStop }: CheckpointCommand): Promise<void> {
  try {
    const checkpoint = await (lastCheckpoint ?? control.checkpoint());
    if (thenStop) stopping.abort();
    await writeCheckpoint(checkpoint, folder);
    parent.send({ type: 'checkpoint-written', step: checkpoint.step });
  } catch (error) {
    parent.send({ type: 'checkpoint-failed', error: describeEngineError(error) });
  }
}

function announceLast(step: number): void {
  lastCheckpoint = control.checkpoint();
  // It is told to whoever asks for the checkpoint.
  lastCheckpoint.catch(() => undefined);
  parent.send({ type: 'last-step', step });
}

function log(level: 'info' | 'warn', message: string): void {
  parent.send({ type: 'event', event: { type: 'log', level, message } });
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

try {
  const runtime = await trainingRuntime();
  if (runtime.device !== settings.device) throw new WrongDeviceError(settings.device, runtime.device);
  parent.send({ type: 'ready', ...runtime });
} catch (error) {
  parent.send({ type: 'failed', error: describeEngineError(error) });
}
