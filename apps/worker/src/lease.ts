import { setTimeout as wait } from 'node:timers/promises';
import type { JobEvent, JobKind, JobState } from '@glyphmill/contract';
import type { CheckpointPointer, Hold, WorkerOutcome, WorkerReport } from '@glyphmill/jobs';
import { EventBuffer } from './event-buffer.js';
import { publicMessage } from './public-message.js';

/** How long an event may wait for others to travel with it. */
const GATHERING_MS = 100;

/** How often the record hears of its worker, and the worker of what is asked of its job. */
const HEARTBEAT_MS = 1000;

/** How long the work may take to save its state if the worker itself stays. */
const FAREWELL_MS = 60_000;

/**
 * Why a job must stop here although it has not ended: it is no longer ours, the worker is to stop, it is to pause, or
 * its delivery was taken away while the lease is still ours, as after a time without Redis; or there was no memory free
 * for it for a while.
 */
export type StopReason = 'lost' | 'drain' | 'pause' | 'undelivered' | 'no-room';

const REASONS: Record<StopReason, string> = {
  lost: 'the job is no longer ours',
  drain: 'the worker is stopping',
  pause: 'the job was asked to pause',
  undelivered: 'the delivery was taken away',
  'no-room': 'the machine has no memory free for the job',
};

/** Thrown through the work of a job that must stop. */
export class JobStoppedError extends Error {
  readonly code = 'job_stopped';

  constructor(readonly reason: StopReason) {
    super(REASONS[reason]);
  }
}

/** How far a job, or a shard of one, is. */
type Progress = NonNullable<WorkerReport['progress']>;

/**
 * A worker's hold on a job, or on a shard of one, kept alive. Progress and events are gathered and sent together; each
 * sending is also the heartbeat, and its answer says whether the job is still ours (it is not once it was cancelled, or
 * another worker took it over), and whether it is to pause.
 */
export class Lease<Kind extends JobKind = JobKind> {
  readonly #hold: Hold<Kind>;
  readonly #stopping = new AbortController();
  #farewell: (() => Promise<void>) | undefined;
  #ended: (() => void) | undefined;
  #lost = false;
  #pausing = false;
  #sequence = 0;
  #progress: Progress | undefined;
  #tokensPerSecond = 0;
  readonly #events = new EventBuffer();
  #parcel: { sequence: number; events: JobEvent[]; progress: Progress | undefined } | undefined;
  #sending: Promise<void> | undefined;
  #gathering: NodeJS.Timeout | undefined;
  readonly #heartbeat: NodeJS.Timeout;

  /** `delivery` is aborted when the delivery was taken away from this worker. */
  constructor(hold: Hold<Kind>, delivery: AbortSignal) {
    this.#hold = hold;
    this.#heartbeat = setInterval(() => void this.#send(), HEARTBEAT_MS);
    const leave = () => void this.leave('undelivered', FAREWELL_MS);
    delivery.addEventListener('abort', leave, { once: true });
    if (delivery.aborted) leave();
  }

  /** What is held. */
  get job(): Hold<Kind>['job'] {
    return this.#hold.job;
  }

  /** The token that it is held by. */
  get token(): string {
    return this.#hold.token;
  }

  /** Aborted with a {@link JobStoppedError} when the work must stop. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Says that the work must stop; the first reason counts. */
  stop(reason: StopReason): void {
    if (reason === 'lost') this.#lost = true;
    if (!this.#stopping.signal.aborted) this.#stopping.abort(new JobStoppedError(reason));
  }

  /** Sets what the work still does if it has the time, before it is stopped itself. */
  onFarewell(farewell: () => Promise<void>): void {
    this.#farewell = farewell;
  }

  /** Says that the work is to end here: it has its farewell, for at most `farewellMs`, and must then stop. */
  async leave(reason: Exclude<StopReason, 'lost'>, farewellMs: number): Promise<void> {
    if (this.#farewell && farewellMs > 0) {
      const over = new AbortController();
      const bound = wait(farewellMs, undefined, { signal: over.signal }).catch(() => undefined);
      await Promise.race([this.#farewell(), bound]);
      over.abort();
    }
    this.stop(reason);
  }

  /** Reports an event, within a tenth of a second. */
  post(event: JobEvent): void {
    this.#events.add(event.type === 'log' ? { ...event, message: publicMessage(event.message) } : event);
    this.#gathering ??= setTimeout(() => void this.#send(), GATHERING_MS);
  }

  /** Sets what the record shows as progress, with the next heartbeat. */
  progress(progress: Progress): void {
    this.#progress = progress;
    this.#tokensPerSecond = progress.tokensPerSecond;
  }

  /** How fast the job went when it last reported. */
  get tokensPerSecond(): number {
    return this.#tokensPerSecond;
  }

  /**
   * Points the record to a checkpoint whose files exist, and returns those that it points to now. Throws
   * {@link JobStoppedError} if the job is no longer ours.
   */
  async saveCheckpoint(pointer: CheckpointPointer): Promise<CheckpointPointer[]> {
    await this.flush();
    const { held, checkpoints } = await this.#hold.saveCheckpoint(pointer);
    if (held) return checkpoints;
    this.stop('lost');
    throw new JobStoppedError('lost');
  }

  /**
   * From here on the job can no longer be cancelled, so that what is published is not of a cancelled job.
   * Throws {@link JobStoppedError} if the job is no longer ours.
   */
  async startCommitting(): Promise<void> {
    await this.flush();
    if (!(await this.#hold.startCommitting())) this.stop('lost');
    this.signal.throwIfAborted();
  }

  /**
   * Ends the lease with an outcome. Returns the state that the job is in then, or `undefined` if it is no longer ours.
   */
  async settle(outcome: WorkerOutcome<Kind>): Promise<JobState | undefined> {
    await this.flush();
    this.end();
    return await this.#hold.settle(outcome);
  }

  /**
   * Asks whether the job is still ours, before something is published that no script can refuse. Throws
   * {@link JobStoppedError} if it is not, and if the work must stop.
   */
  async confirm(): Promise<void> {
    await this.flush();
    this.signal.throwIfAborted();
  }

  /** Sends what is waiting, and returns when it has arrived or Redis could not be reached. */
  async flush(): Promise<void> {
    await this.#send();
    if (!this.#events.isEmpty) await this.#send();
  }

  /** Sets what is done when the lease ends. */
  onEnd(ended: () => void): void {
    this.#ended = ended;
  }

  /** Ends the heartbeat; the record keeps the token until another claim. */
  end(): void {
    clearInterval(this.#heartbeat);
    clearTimeout(this.#gathering);
    this.#ended?.();
    this.#ended = undefined;
  }

  [Symbol.dispose](): void {
    this.end();
  }

  /** One sending at a time; while Redis is away, heartbeats wait for the one under way. */
  #send(): Promise<void> {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    this.#sending ??= this.#sendParcel().finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  /** A parcel keeps its number until it is answered, so that one that arrives twice counts once. */
  async #sendParcel(): Promise<void> {
    if (this.#lost) return;
    this.#parcel ??= { sequence: this.#sequence + 1, events: this.#events.take(), progress: this.#progress };
    const { sequence, events, progress } = this.#parcel;
    try {
      const said = { events, ...(progress ? { progress } : {}) };
      const { held, requested } = await this.#hold.report(sequence, said);
      this.#sequence = sequence;
      this.#parcel = undefined;
      if (this.#progress === progress) this.#progress = undefined;
      if (!held) this.stop('lost');
      else if (requested === 'pause' && !this.#pausing) {
        this.#pausing = true;
        void this.leave('pause', FAREWELL_MS);
      }
    } catch {
      // Redis is away: the next heartbeat sends the same parcel again.
    }
  }
}
