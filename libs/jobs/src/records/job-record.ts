import {
  generateProgress,
  type GenerateRequest,
  generateResult,
  JOB_STATES,
  jobError,
  jobKind,
  trainProgress,
  type TrainRequest,
  trainResult,
} from '@glyphmill/contract';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { checkpointPointer } from './checkpoint-pointer.js';
import { lane, type Lane } from './lane.js';
import { readRecords } from './read-records.js';

const json = <Schema extends z.ZodType>(schema: Schema) =>
  z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(schema);

/** The fields of a new record, except when it was created. */
export type NewRecord = Record<string, string | number>;

/** The record of a job as Redis keeps it, a hash of strings. */
const jobRecord = z.object({
  id: z.string(),
  kind: jobKind,
  /** Where its deliveries wait; records of before there were lanes wait in the one of their kind's name. */
  lane: lane.optional(),
  state: z.enum(JOB_STATES),
  /** All of the request but its prompts. */
  request: json(z.record(z.string(), z.unknown())),
  /** Apart, because they may be megabytes, which a list need not read. */
  prompts: json(z.array(z.string())).optional(),
  /** Whether they are in storage instead, under `promptsKey`. */
  promptsAt: z.enum(['storage']).optional(),
  createdAt: z.coerce.number(),
  startedAt: z.coerce.number().optional(),
  finishedAt: z.coerce.number().optional(),
  progress: json(z.union([trainProgress, generateProgress])).optional(),
  result: json(z.union([trainResult, generateResult])).optional(),
  error: json(jobError).optional(),
  spent: z.coerce.number(),
  maxAttempts: z.coerce.number(),
  priority: z.coerce.number(),
  tags: json(z.array(z.string())),
  tenant: z.string(),
  model: z.string().optional(),
  worker: z.string().optional(),
  requested: z.enum(['pause']).optional(),
  retryOf: z.string().optional(),
  /** When it must have ended, in milliseconds. */
  deadline: z.coerce.number().optional(),
  delivery: z.coerce.number(),
  /** Newest first. */
  checkpoints: json(z.array(checkpointPointer)).optional(),
  /** The jobs that made the checkpoints which it was given at its start. */
  heirOf: json(z.array(z.string())).default([]),
  /** Of a job in shards, how its prompts are cut. */
  promptCount: z.coerce.number().default(0),
  promptsPerShard: z.coerce.number().default(0),
});
export type JobRecord = z.output<typeof jobRecord> & { lane: Lane };

const SUMMARY_FIELDS = Object.keys(jobRecord.shape).filter((field) => field !== 'prompts');

/** Parses the hash of a record. */
export function parseRecord(hash: Record<string, string>): JobRecord {
  const record = jobRecord.parse(hash);
  return { ...record, lane: record.lane ?? record.kind };
}

/** What lists are filtered by. */
const recordProbe = jobRecord.pick({ kind: true, state: true, tags: true, model: true, result: true });
export type RecordProbe = z.output<typeof recordProbe>;
const PROBE_FIELDS = Object.keys(recordProbe.shape);

/** Reads a record without its prompts; `undefined` if there is none. */
export async function readSummary(redis: Redis, key: string): Promise<JobRecord | undefined> {
  return (await readSummaries(redis, [key]))[0];
}

/** Reads records without their prompts, in one go; each `undefined` if there is none. */
export async function readSummaries(redis: Redis, keys: string[]): Promise<(JobRecord | undefined)[]> {
  const found = await readFields(redis, keys, SUMMARY_FIELDS);
  return found.map((each) => each && parseRecord(each));
}

/** Reads what lists are filtered by, in one go; each `undefined` if there is no record. */
export async function readProbes(redis: Redis, keys: string[]): Promise<(RecordProbe | undefined)[]> {
  const found = await readFields(redis, keys, PROBE_FIELDS);
  return found.map((each) => each && recordProbe.parse(each));
}

async function readFields(
  redis: Redis,
  keys: string[],
  fields: string[],
): Promise<(Record<string, string> | undefined)[]> {
  if (keys.length === 0) return [];
  const answer = await readRecords.run(redis, { keys: {}, args: {}, moreKeys: keys, moreArgs: fields });
  return z
    .array(z.array(z.unknown()))
    .parse(answer)
    .map((values) => {
      const entries = fields.flatMap((field, place): [string, string][] => {
        const value = values[place];
        return typeof value === 'string' ? [[field, value]] : [];
      });
      return entries.length === 0 ? undefined : Object.fromEntries(entries);
    });
}

/** The model that a generate job uses or that a train job made. */
export function modelOf({ model, result }: Pick<JobRecord, 'model' | 'result'>): string | undefined {
  return model ?? (result && 'model' in result ? result.model : undefined);
}

/** Where the prompts of a new job are: nowhere (they are a dataset's, or it trains), in its record, or in storage. */
export interface NewPrompts {
  /** As a JSON array. */
  text: string;
  at: 'record' | 'storage';
}

/** The fields that keep a request in its record, and how many bytes it takes wherever its prompts are. */
export function requestFields(
  given: TrainRequest | GenerateRequest,
  prompts: NewPrompts | undefined,
): { request: string; bytes: number; prompts?: string; promptsAt?: 'storage' } {
  const request = JSON.stringify(withoutPrompts(given));
  const fields = { request, bytes: Buffer.byteLength(request) + Buffer.byteLength(prompts?.text ?? '') };
  if (prompts === undefined) return fields;
  return prompts.at === 'record' ? { ...fields, prompts: prompts.text } : { ...fields, promptsAt: 'storage' };
}

/** A request as lists show it, and as its record keeps it beside the prompts. */
export function withoutPrompts(request: TrainRequest | GenerateRequest): Record<string, unknown> {
  if (!('prompts' in request)) return request;
  const { prompts: _prompts, ...rest } = request;
  return rest;
}
