import { readFile } from 'node:fs/promises';
import { exportModel, train, trainingRuntime } from '@glyphmill/model/training';
import { describeEngineError } from '../engine/describe-engine-error.js';
import { engineSettings, WrongDeviceError } from '../engine/engine-settings.js';
import { serveEngine } from '../engine/serve-engine.js';
import { trainingCommand, type TrainingCommand, type TrainingReport } from './training-protocol.js';

const settings = engineSettings.parse(process.env);

/** A training engine: loads TensorFlow, says what it runs on, and does one training. */
const parent = serveEngine<typeof trainingCommand, TrainingReport>(trainingCommand, (command) => {
  void runTraining(command);
});

async function runTraining({ datasetFile, exportFolder, model, training, about }: TrainingCommand): Promise<void> {
  try {
    const trained = await train({
      text: await readFile(datasetFile, 'utf8'),
      model,
      training,
      onProgress: (progress) => parent.send({ type: 'progress', progress }),
      onMetric: (metric) => parent.send({ type: 'event', event: { type: 'metric', ...metric } }),
      onSample: (sample) => parent.send({ type: 'event', event: { type: 'sample', ...sample } }),
    });
    await exportModel(trained, exportFolder, { ...about, threads: settings.threads });
    parent.send({ type: 'done', trainLoss: trained.trainLoss, validationLoss: trained.validationLoss });
  } catch (error) {
    parent.send({ type: 'failed', error: describeEngineError(error) });
  }
}

try {
  const runtime = await trainingRuntime();
  if (runtime.device !== settings.device) throw new WrongDeviceError(settings.device, runtime.device);
  parent.send({ type: 'ready', ...runtime });
} catch (error) {
  parent.send({ type: 'failed', error: describeEngineError(error) });
}
