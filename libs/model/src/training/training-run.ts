import type { Batch, BatchSampler } from '@glyphmill/data';
import type { TrainingConfig } from '../config/index.js';
import type { Learner } from '../kinds/learner.js';
import type { Breath } from '../sampling/breath.js';
import { SPLITS, type Corpus } from './corpus.js';
import { learningRateAfter } from './learning-rate.js';
import { LossNotFiniteError } from './loss-not-finite-error.js';
import { Stopwatch } from './stopwatch.js';
import type { TrainingMetric, TrainingProgress, TrainingSample } from './training-reports.js';

const PROGRESS_INTERVAL_MS = 100;

export interface TrainingCallbacks {
  /** At the start, about ten times a second, and at the end. */
  onProgress?: ((progress: TrainingProgress) => void) | undefined;
  /** Before the first step, every `evalInterval` steps, and at the end over whole splits. */
  onMetric?: ((metric: TrainingMetric) => void) | undefined;
  /** Before the first step, every `sampleInterval` steps, and after the last. */
  onSample?: ((sample: TrainingSample) => void) | undefined;
}

export interface TrainingRunOptions extends TrainingCallbacks {
  learner: Learner;
  corpus: Corpus;
  training: TrainingConfig;
  breath: Breath;
  /** Lets the model as it is now write a text. */
  writeSample: () => Promise<string>;
}

/** One training from its first step to its last: steps, and on the way evaluations, samples and progress. */
export class TrainingRun {
  readonly metrics: TrainingMetric[] = [];
  readonly samples: TrainingSample[] = [];
  readonly #options: TrainingRunOptions;
  readonly #sampler: BatchSampler;
  readonly #stepping = new Stopwatch();
  readonly #startedAtMs = performance.now();
  #reportedAtMs = -Infinity;
  #step = 0;
  #tokens = 0;
  #trainLoss: number | null = null;
  #validationLoss: number | null = null;

  constructor(options: TrainingRunOptions) {
    this.#options = options;
    this.#sampler = options.corpus.sampler();
  }

  /** Takes all steps; gives the losses over whole splits. Throws {@link LossNotFiniteError}, or the reason of an abort. */
  async finish(): Promise<TrainingMetric> {
    const { maxSteps, evalInterval, sampleInterval } = this.#options.training;
    await this.#sample();
    await this.#evaluate();
    this.#reportProgress();
    while (this.#step < maxSteps) {
      await this.#options.breath.take();
      this.#takeStep();
      if (this.#step % evalInterval === 0) await this.#evaluate();
      if (this.#step < maxSteps && this.#step % sampleInterval === 0) await this.#sample();
    }
    await this.#sample();
    const whole = await this.#evaluateWhole();
    this.#reportProgress();
    return whole;
  }

  #takeStep(): void {
    const { learner, training } = this.#options;
    const reportsProgress = performance.now() - this.#reportedAtMs >= PROGRESS_INTERVAL_MS;
    const learningRate = learningRateAfter(this.#step, training);
    this.#step += 1;
    const loss = this.#stepping.time(() => {
      const batch = this.#sampler.next();
      this.#tokens += batch.inputs.length;
      return learner.step(batch, { step: this.#step, learningRate, readLoss: reportsProgress });
    });
    if (loss === undefined) return;
    this.#trainLoss = this.#finite(loss);
    this.#reportProgress();
  }

  async #evaluate(): Promise<void> {
    await this.#measure((split) => this.#options.corpus.evaluationBatches(split), false);
  }

  async #evaluateWhole(): Promise<TrainingMetric> {
    return this.#measure((split) => this.#options.corpus.wholeBatches(split), true);
  }

  async #measure(
    batchesOf: (split: (typeof SPLITS)[number]) => Iterable<Batch>,
    whole: boolean,
  ): Promise<TrainingMetric> {
    const trainLoss = await this.#meanLoss(batchesOf('train'));
    const validationLoss = await this.#meanLoss(batchesOf('validation'));
    const metric = {
      step: this.#step,
      trainLoss,
      validationLoss,
      learningRate: learningRateAfter(Math.max(0, this.#step - 1), this.#options.training),
      tokensPerSecond: this.#stepping.rateOf(this.#tokens),
      whole,
    };
    this.#trainLoss = trainLoss;
    this.#validationLoss = validationLoss;
    this.metrics.push(metric);
    this.#options.onMetric?.(metric);
    return metric;
  }

  async #meanLoss(batches: Iterable<Batch>): Promise<number> {
    let sum = 0;
    let tokens = 0;
    for (const batch of batches) {
      await this.#options.breath.take();
      sum += this.#options.learner.loss(batch) * batch.inputs.length;
      tokens += batch.inputs.length;
    }
    return this.#finite(sum / tokens);
  }

  async #sample(): Promise<void> {
    const sample = { step: this.#step, text: await this.#options.writeSample() };
    this.samples.push(sample);
    this.#options.onSample?.(sample);
  }

  #reportProgress(): void {
    const { maxSteps } = this.#options.training;
    this.#reportedAtMs = performance.now();
    const secondsAStep = (this.#reportedAtMs - this.#startedAtMs) / 1000 / this.#step;
    this.#options.onProgress?.({
      step: this.#step,
      maxSteps,
      trainLoss: this.#trainLoss,
      validationLoss: this.#validationLoss,
      tokensPerSecond: this.#stepping.rateOf(this.#tokens),
      etaSeconds: this.#step === 0 ? null : (maxSteps - this.#step) * secondsAStep,
    });
  }

  #finite(loss: number): number {
    if (!Number.isFinite(loss)) throw new LossNotFiniteError(this.#step, loss);
    return loss;
  }
}
