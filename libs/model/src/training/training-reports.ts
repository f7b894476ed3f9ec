/** Where a training is; losses are in nats a token, and the train loss is that of the latest batch. */
export interface TrainingProgress {
  step: number;
  maxSteps: number;
  trainLoss: number | null;
  /** Of the last evaluation. */
  validationLoss: number | null;
  /** While it trains; evaluations and samples are not counted. */
  tokensPerSecond: number;
  etaSeconds: number | null;
}

/** One evaluation; losses are in nats a token. */
export interface TrainingMetric {
  /** Steps taken before it. */
  step: number;
  trainLoss: number;
  validationLoss: number;
  /** Of the step just taken; at step 0, of the first. */
  learningRate: number;
  tokensPerSecond: number;
  /** Whether the losses are over the whole of each split, not over a fixed part of it. */
  whole: boolean;
}

/** A text that the model wrote. */
export interface TrainingSample {
  step: number;
  text: string;
}
