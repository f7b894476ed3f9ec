import type { Batch, BatchSampler } from '@glyphmill/data';
import type { TrainingConfig } from '../config/index.js';
import type { Learner, LearnerState } from '../learner/learner.js';
import { learningRateAfter } from '../optimizer/learning-rate.js';
import type { YieldToEventLoop } from '../yield-to-event-loop.js';
import type { Weights } from '../weights/weights.js';
import type { Corpus } from './corpus.js';
import { lossesOnTheWay, validationLossOnTheWay, wholeLosses } from './evaluation.js';
import { LossNotFiniteError } from './loss-not-finite-error.js';
import { Pace } from './pace.js';
import type { TrainingCallbacks, TrainingMetric, TrainingProgress, TrainingSample } from './training-reports.js';
import type { TrainingState } from './training-state.js';

const PROGRESS_INTERVAL_MS = 100;

export interface TrainingRunOptions extends TrainingCallbacks {
  learner: Learner;
  corpus: Corpus;
  training: TrainingConfig;
  yieldToEventLoop: YieldToEventLoop;
  /** Lets the model as it is now write a text. */
  writeSample: () => Promise<string>;
  /** Called wherever the training could be interrupted: between steps, and in evaluations. */
  atYield: () => void;
  /** The name of the finished training run that this one continues; left out: none. Kept in the state. */
  continues?: string | undefined;
  /** Where to resume, and the settings until then. */
  resume?: { state: TrainingState; bestWeights: Weights | undefined; training: TrainingConfig } | undefined;
}

/** A training run as it is between two steps. */
export interface TrainingMoment {
  state: TrainingState;
  learner: LearnerState;
  bestWeights: Weights | undefined;
}

/** What a training run ends with; the learner then has the weights that are to be published. */
export interface TrainingEnd {
  /** Over whole splits. */
  whole: TrainingMetric;
  published: { which: 'best' | 'last'; step: number };
}

/** One training run from its first step to its last: steps, and on the way evaluations, samples and progress. */
export class TrainingRun {
  readonly #options: TrainingRunOptions;
  readonly #sampler: BatchSampler;
  /** Those of the step being taken; filled anew for each. */
  readonly #batches: readonly Batch[];
  readonly #tokensAStep: number;
  readonly #pace = new Pace();
  #state: TrainingState;
  #bestWeights: Weights | undefined;
  #lastMoment: TrainingMoment | undefined;
  #validationLoss: number | null = null;
  #reportedAtMs = -Infinity;
  #phase: TrainingProgress['phase'] = 'training';
  /** Of the evaluation over whole splits at the end. */
  #wholeBatchesLeft: number;

  constructor(options: TrainingRunOptions) {
    const { corpus, resume } = options;
    this.#options = options;
    this.#sampler = corpus.sampler();
    this.#batches = Array.from({ length: options.learner.batchesPerStep }, () => this.#sampler.newBatch());
    this.#tokensAStep = this.#batches.reduce((sum, { inputs }) => sum + inputs.length, 0);
    this.#state = resume ? resumedState(resume, options.continues) : newState(this.#sampler);
    if (resume) this.#sampler.restore(resume.state.sampler);
    this.#bestWeights = resume?.bestWeights;
    this.#wholeBatchesLeft = corpus.wholeBatchCount;
    this.#validationLoss = this.#state.metrics.at(-1)?.validationLoss ?? null;
  }

  get metrics(): TrainingMetric[] {
    return this.#state.metrics;
  }

  get samples(): TrainingSample[] {
    return this.#state.samples;
  }

  /** A copy of all that another run would need to continue from here. */
  moment(): TrainingMoment {
    if (this.#lastMoment !== undefined) return this.#lastMoment;
    const state = structuredClone({ ...this.#state, sampler: this.#sampler.state() });
    return { state, learner: this.#options.learner.state(), bestWeights: this.#bestWeights };
  }

  /** Takes all steps that are left. Throws {@link LossNotFiniteError}, or the reason of an abort. */
  async finish(): Promise<TrainingEnd> {
    this.#reportProgress();
    await this.#measureBestAnew();
    await this.#observe();
    while (!this.#isOver()) {
      await this.#yieldToEventLoop();
      this.#takeStep();
      await this.#observe();
    }
    this.#options.onStepsTaken?.(this.#state.step);
    this.#phase = 'evaluating';
    this.#reportProgress();
    const published = this.#choosePublished();
    await this.#sample(published.step);
    const whole = await this.#measure(wholeLosses, { step: published.step, whole: true });
    this.#wholeBatchesLeft = 0;
    this.#reportProgress();
    return { whole, published };
  }

  #isOver(): boolean {
    const { maxSteps, patience } = this.#options.training;
    return this.#state.step >= maxSteps || (patience > 0 && this.#state.staleEvaluations >= patience);
  }

  #takeStep(): void {
    const { learner, training, onStep, onPrepared } = this.#options;
    const learningRate = learningRateAfter(this.#state.step, training);
    this.#state.step += 1;
    const { step } = this.#state;
    const { loss, gradientNorm } = this.#pace.step(this.#tokensAStep, () => {
      for (const batch of this.#batches) this.#sampler.next(batch);
      return learner.step(this.#batches, { step, learningRate });
    });
    this.#requireFinite('loss', loss);
    this.#requireFinite("gradients' norm", gradientNorm);
    if (this.#pace.steps === 1) onPrepared?.(learner.preparation);
    this.#state.tokensSeen += this.#tokensAStep;
    this.#state.trainLoss = loss;
    this.#state.gradientNorm = gradientNorm;
    onStep?.({ step, loss, gradientNorm, learningRate });
    this.#reportInTime();
  }

  /** The evaluation and the sample that are due at this step and were not made before. */
  async #observe(): Promise<void> {
    const { evalInterval, sampleInterval, maxSteps } = this.#options.training;
    const { step, evaluatedAt, sampledAt } = this.#state;
    if (evaluatedAt !== step && (step % evalInterval === 0 || step >= maxSteps)) await this.#evaluate();
    // The last sample is written once it is known which weights are published.
    if (sampledAt !== step && !this.#isOver() && (step === 0 || step % sampleInterval === 0)) await this.#sample(step);
  }

  async #evaluate(): Promise<void> {
    const { step } = this.#state;
    const { validationLoss } = await this.#measure(lossesOnTheWay, { step, whole: false });
    this.#state.evaluatedAt = step;
    if (step === 0) return;
    if (this.#state.best !== null && validationLoss >= this.#state.best.validationLoss) {
      this.#state.staleEvaluations += 1;
      return;
    }
    this.#keepBest(validationLoss);
    this.#state.staleEvaluations = 0;
  }

  #keepBest(validationLoss: number): void {
    const { learner, training } = this.#options;
    this.#state.best = { step: this.#state.step, validationLoss, evalBatches: training.evalBatches };
    this.#bestWeights = learner.weights();
  }

  /**
   * Losses over unlike batches cannot be compared. When the best so far was measured over others than this training's
   * evaluations take, its weights are measured over these, and so are the present ones if they took part.
   */
  async #measureBestAnew(): Promise<void> {
    const { learner, corpus, training, onBestMeasured } = this.#options;
    const { step, evaluatedAt, best } = this.#state;
    const { evalBatches } = training;
    if (best === null || this.#bestWeights === undefined || best.evalBatches === evalBatches) return;
    const measured = () => validationLossOnTheWay(learner, corpus, () => this.#yieldToEventLoop());
    // What a checkpoint would hold meanwhile: the learner has other weights.
    this.#lastMoment = this.moment();
    learner.writeWeights(this.#bestWeights);
    this.#state.best = { step: best.step, validationLoss: await measured(), evalBatches };
    learner.writeWeights(this.#lastMoment.learner.weights);
    if (evaluatedAt === step && best.step !== step) {
      const validationLoss = await measured();
      if (validationLoss < this.#state.best.validationLoss) this.#keepBest(validationLoss);
    }
    this.#lastMoment = undefined;
    onBestMeasured?.(this.#state.best);
  }

  /** Puts the weights that are to be published into the learner; from here on the training's own are kept as a copy. */
  #choosePublished(): TrainingEnd['published'] {
    const { step, best } = this.#state;
    this.#lastMoment = this.moment();
    if (this.#options.training.export === 'last' || best === null || this.#bestWeights === undefined) {
      return { which: 'last', step };
    }
    if (best.step !== step) this.#options.learner.writeWeights(this.#bestWeights);
    return { which: 'best', step: best.step };
  }

  async #measure(
    losses: typeof wholeLosses,
    { step, whole }: { step: number; whole: boolean },
  ): Promise<TrainingMetric> {
    const { learner, corpus, training, onMetric } = this.#options;
    let batches = 0;
    const { trainLoss, validationLoss } = await losses(learner, corpus, async () => {
      if (whole && batches > 0) this.#wholeBatchesLeft -= 1;
      batches += 1;
      this.#reportInTime();
      this.#pace.endBatch();
      await this.#yieldToEventLoop();
      this.#pace.startBatch();
    });
    this.#pace.endBatch();
    this.#requireFinite('loss', trainLoss + validationLoss);
    const metric = {
      step,
      trainLoss,
      validationLoss,
      bitsPerByte: validationLoss / Math.LN2 / corpus.bytesPerToken,
      learningRate: learningRateAfter(Math.max(0, this.#state.step - 1), training),
      gradientNorm: this.#state.gradientNorm,
      tokensSeen: this.#state.tokensSeen,
      tokensPerSecond: this.#pace.tokensPerSecond,
      whole,
    };
    this.#validationLoss = validationLoss;
    this.#state.trainLoss = trainLoss;
    this.#state.metrics.push(metric);
    onMetric?.(metric);
    return metric;
  }

  async #sample(step: number): Promise<void> {
    const sample = { step, text: await this.#options.writeSample() };
    this.#state.sampledAt = this.#state.step;
    this.#state.samples.push(sample);
    this.#options.onSample?.(sample);
  }

  async #yieldToEventLoop(): Promise<void> {
    await this.#options.yieldToEventLoop();
    this.#options.atYield();
  }

  #reportInTime(): void {
    if (performance.now() - this.#reportedAtMs >= PROGRESS_INTERVAL_MS) this.#reportProgress();
  }

  #etaSeconds(): number | null {
    const steps = this.#isOver() ? 0 : this.#options.training.maxSteps - this.#state.step;
    const [stepping, evaluating] = [this.#pace.etaSeconds(steps), this.#pace.evaluationSeconds(this.#wholeBatchesLeft)];
    return stepping === null || evaluating === null ? null : stepping + evaluating;
  }

  #reportProgress(): void {
    const { maxSteps } = this.#options.training;
    const { step, trainLoss, gradientNorm, tokensSeen } = this.#state;
    this.#reportedAtMs = performance.now();
    this.#options.onProgress?.({
      step,
      maxSteps,
      trainLoss,
      validationLoss: this.#validationLoss,
      gradientNorm,
      tokensSeen,
      tokensPerSecond: this.#pace.tokensPerSecond,
      etaSeconds: this.#etaSeconds(),
      phase: this.#phase,
    });
  }

  #requireFinite(quantity: LossNotFiniteError['quantity'], value: number): void {
    if (!Number.isFinite(value)) throw new LossNotFiniteError(this.#state.step, quantity, value);
  }
}

/** The state of a checkpoint, as a training run that may be another one takes it over. */
function resumedState(
  { state, training }: NonNullable<TrainingRunOptions['resume']>,
  continues: string | undefined,
): TrainingState {
  const { best, continues: then, staleEvaluations, ...kept } = structuredClone(state);
  return {
    ...kept,
    best: best && { ...best, evalBatches: best.evalBatches ?? training.evalBatches },
    ...(continues !== undefined && { continues }),
    staleEvaluations: continues === then ? staleEvaluations : 0,
  };
}

function newState(sampler: BatchSampler): TrainingState {
  return {
    step: 0,
    tokensSeen: 0,
    sampler: sampler.state(),
    trainLoss: null,
    gradientNorm: null,
    evaluatedAt: null,
    sampledAt: null,
    best: null,
    staleEvaluations: 0,
    metrics: [],
    samples: [],
  };
}
