export { GlyphmillClient } from './glyphmill-client.js';
export type { ClientOptions } from './http-client.js';
export type { CreateOptions, JobsClient } from './jobs-client.js';
export type { DatasetsClient } from './datasets-client.js';
export type { ModelsClient } from './models-client.js';
export type { ClientEvent, EventGap, FollowOptions } from './event-stream.js';
export { JobUnsuccessfulError, ProblemError, UnreachableError } from './errors.js';
