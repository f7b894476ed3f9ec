export { identifier } from './identifier.js';
export { givenName } from './given-name.js';
export { tag } from './delivery-fields.js';
export { initFrom, type InitFrom } from './starting-point.js';
export { recordedTrainRequest, type TrainRequest, trainRequest, type TrainRequestInput } from './train-request.js';
export {
  excessOf,
  generateFields,
  type GenerateRequest,
  generateRequest,
  type GenerateRequestInput,
  REQUEST_LIMITS,
} from './generate-request.js';
export { type Extent, INTERACTIVE_LIMITS, interactiveExcess } from './interactive-limits.js';
export { type BatchItem, type BatchRequest, jobBatch } from './job-batch.js';
export { isFinal, JOB_STATES, type JobState, TRANSITIONS } from './job-state.js';
export {
  type GenerateJob,
  generateJob,
  type GenerateProgress,
  generateProgress,
  type GenerateResult,
  generateResult,
  type GenerationRuntime,
  generationRuntime,
  type Job,
  job,
  type JobError,
  jobError,
  type JobKind,
  jobKind,
  type TrainJob,
  trainJob,
  type TrainProgress,
  trainProgress,
  type TrainResult,
  trainResult,
} from './job.js';
export { type JobEvent, jobEvent, type StoredJobEvent, type TextEvent } from './job-event.js';
export {
  eventId,
  eventItem,
  eventItemOf,
  eventMessageFields,
  type EventPage,
  eventPage,
  eventQuery,
} from './event-page.js';
export { type Page, pageOf, type PageQuery, pageQuery, queryCount } from './page.js';
export { JOB_CURSOR, type JobListFilter, type JobListQuery, jobListQuery, jobPage } from './job-list.js';
export { type DamagedItem, damagedItem } from './damaged-item.js';
export { type Dataset, dataset, datasetPage, MOBY_DICK } from './dataset.js';
export { type ModelManifest, modelManifest, modelPage } from './model-page.js';
export { type Queues, queues, type WorkerInfo, workerInfo, workerPage } from './workers.js';
export { type Health, health } from './health.js';
export { isProblemCode, type ProblemCode, PROBLEMS } from './problem-catalog.js';
export { type FieldError, fieldError, type ProblemDocument, problemDocument } from './problem-document.js';
