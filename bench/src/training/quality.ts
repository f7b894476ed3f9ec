import { glyphmill, type MeasuredTraining, pyTorch } from '../contestant.js';
import { lessIsBetter } from '../figure.js';
import { THREAD_COUNTS } from '../processor-cores.js';
import type { Section } from '../section.js';
import { NANO_GPT, type TrainingSetup } from './training-setup.js';

/** How good the model is after a whole training, each side with its own start and batches. */
export async function quality({ textFile, python, extent, say }: TrainingSetup): Promise<Section> {
  const threads = THREAD_COUNTS.at(-1)!;
  const maxSteps = extent.qualitySteps;
  const warmupSteps = Math.min(NANO_GPT.training.warmupSteps, Math.floor(maxSteps / 2));
  const training = { ...NANO_GPT.training, maxSteps, warmupSteps, evalInterval: maxSteps };
  const order = { model: NANO_GPT.model, training, textFile };
  say(`quality: ${maxSteps} steps here`);
  const ours = await glyphmill().train(order, threads);
  say(`quality: validation loss ${wholeLoss(ours).toFixed(4)}; ${maxSteps} steps in PyTorch`);
  const peer = await pyTorch({ python }).train(order, threads);
  say(`quality: validation loss ${wholeLoss(peer).toFixed(4)} there`);
  const about = { threads, batch: training.batchSize };
  return {
    title: 'A whole training',
    about:
      `${maxSteps} steps, each side from its own random weights on its own random batches, and then the loss over the whole ` +
      'validation split, every token but the first a target once, in windows of the block size that do not overlap. The time ' +
      'is that of the steps alone, with whatever was compiled in them.',
    figures: [
      lessIsBetter(
        { ...about, figure: `validation loss after ${maxSteps} steps`, unit: 'nats/token' },
        [wholeLoss(ours)],
        [wholeLoss(peer)],
      ),
      lessIsBetter({ ...about, figure: `time of ${maxSteps} steps`, unit: 's' }, [seconds(ours)], [seconds(peer)]),
    ],
  };
}

function wholeLoss({ validationLoss }: MeasuredTraining): number {
  if (validationLoss === null) throw new Error('the training was ended before its losses over whole splits');
  return validationLoss;
}

function seconds({ beganAtMs, steps }: MeasuredTraining): number {
  return (steps.at(-1)!.atMs - beganAtMs) / 1000;
}
