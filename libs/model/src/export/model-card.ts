import { parameterCount, type TrainingConfig } from '../config/index.js';
import type { TrainedModel } from '../training/trained-model.js';
import type { TrainingMetric } from '../training/training-reports.js';
import { cardMetadata } from './card-metadata.js';
import type { ModelAbout } from './model-about.js';
import { modelUsage } from './model-usage.js';

const CURVE_ROWS = 12;

/** README.md of the model folder: what it was trained on and how, its curve, a sample, and what to mind. */
export function modelCard(trained: TrainedModel, about: ModelAbout): string {
  const { model, training, tokenizer, computedBy } = trained;
  const { vocabularySize } = tokenizer;
  return `${cardMetadata(trained, about)}
# ${escapeMarkdown(about.name)}

A character-level ${model.kind} language model of ${parameterCount(model, vocabularySize)} parameters, trained with
Glyphmill on “${escapeMarkdown(about.dataset.name)}” (sha256 \`${about.dataset.sha256}\`).

| | |
|---|---|
| vocabulary | ${vocabularySize} characters |
| block size | ${model.blockSize} |
| steps × batch | ${batches(training)} |
| published weights | ${publishedWeights(trained)} |
| optimizer | AdamW, learning rate ${training.learningRate} (${training.schedule}), decay ${training.weightDecay}, β ${training.beta1} and ${training.beta2} |
| held out | the last ${Number((100 * training.validationFraction).toPrecision(6))}% of the text |
| seed | ${training.seed} |
| loss, nats a character | train ${trained.trainLoss.toFixed(4)}, validation ${trained.validationLoss.toFixed(4)} |
| bits per byte | validation ${trained.bitsPerByte.toFixed(4)} |
| computed by | TensorFlow ${computedBy.tensorflow} on ${computedBy.device} (${computedBy.deviceName}) |

## Training curve

| step | train loss | validation loss |
|---:|---:|---:|
${curve(trained.metrics).map(curveRow).join('\n')}

The last row is over the whole of each split, the others over a fixed part.

## A sample

${codeBlock(trained.samples.at(-1)?.text ?? '')}

## Use

${modelUsage(model, vocabularySize, about.modelId)}`;
}

function batches({ maxSteps, batchSize, gradientAccumulationSteps }: TrainingConfig): string {
  const accumulated = gradientAccumulationSteps > 1 ? `${gradientAccumulationSteps} × ` : '';
  return `${maxSteps} × ${accumulated}${batchSize}`;
}

function publishedWeights({ published: { which, step } }: TrainedModel): string {
  return which === 'best' ? `the best by validation loss, of step ${step}` : `the last, of step ${step}`;
}

/** At most {@link CURVE_ROWS} of the metrics, evenly; the first and the last are always among them. */
function curve(metrics: readonly TrainingMetric[]): TrainingMetric[] {
  const rows = Math.min(CURVE_ROWS, metrics.length);
  return Array.from({ length: rows }, (_, row) => {
    return metrics[rows === 1 ? 0 : Math.round((row * (metrics.length - 1)) / (rows - 1))]!;
  });
}

function curveRow({ step, trainLoss, validationLoss }: TrainingMetric): string {
  return `| ${step} | ${trainLoss.toFixed(4)} | ${validationLoss.toFixed(4)} |`;
}

/** A fence longer than any in the text, so that no text ends it. */
function codeBlock(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/gu) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${text}\n${fence}`;
}

/** A name is shown as it is, on one line, whatever it holds. */
function escapeMarkdown(name: string): string {
  return name.replaceAll(/\s+/gu, ' ').replaceAll(/[\\`*_{}[\]<>()#+!|~&]/gu, String.raw`\$&`);
}
