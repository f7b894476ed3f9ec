/** What a model folder says of its model that the training itself does not know. */
export interface ModelAbout {
  modelId: string;
  name: string;
  /** The id of the job that trained it. */
  job: string;
  dataset: { id: string; name: string; sha256: string };
  /** TensorFlow's threads within an operation, as they were set; left out: all. */
  threads?: number | undefined;
  /** ISO 8601, in UTC; left out: now. */
  createdAt?: string | undefined;
}
