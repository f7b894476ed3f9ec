import type { ClaimedJob, JobEvent, JobOutcome, JobProgress, JobStore } from '@glyphmill/jobs';

/** How long an event may wait for others to travel with it. */
const GATHERING_MS = 100;

/** How often the record hears of its worker, and the worker of what is asked of its job. */
const HEARTBEAT_MS = 1000;

/** Events kept while Redis is away; beyond them the oldest metrics and samples are dropped. */
const MAX_WAITING_EVENTS = 10_000;

/** Why a job must stop here although it has not ended. */
export type StopReason = 'lost' | 'drain';

/** Thrown through the work of a job that must stop. */
export class JobStoppedError extends Error {
  readonly code = 'job_stopped';

  constructor(readonly reason: StopReason) {
    super(reason === 'lost' ? 'the job is no longer ours' : 'the worker is stopping');
  }
}

/**
 * The right of one worker to write one job's record, for as long as the token on the record is its own. Progress and
 * events are gathered and sent together; each sending is also the heartbeat, and its answer says whether the job is
 * still ours: it is not once it was cancelled, or another worker took it over.
 */
export class Lease {
  readonly #store: JobStore;
  readonly #stopping = new AbortController();
  #sequence = 0;
  #progress: JobProgress | undefined;
  #tokensPerSecond = 0;
  #events: JobEvent[] = [];
  #sending: Promise<void> = Promise.resolve();
  #gathering: NodeJS.Timeout | undefined;
  readonly #heartbeat: NodeJS.Timeout;

  constructor(
    store: JobStore,
    readonly job: ClaimedJob,
    readonly token: string,
    /** Aborted when the delivery was taken away from this worker. */
    delivery: AbortSignal,
  ) {
    this.#store = store;
    this.#heartbeat = setInterval(() => this.#send(), HEARTBEAT_MS);
    delivery.addEventListener('abort', () => this.stop('lost'), { once: true });
    if (delivery.aborted) this.stop('lost');
  }

  /** Aborted with a {@link JobStoppedError} when the work must stop. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Says that the work must stop; the first reason counts. */
  stop(reason: StopReason): void {
    if (!this.#stopping.signal.aborted) this.#stopping.abort(new JobStoppedError(reason));
  }

  /** Tells of an event, within a tenth of a second. */
  post(event: JobEvent): void {
    this.#events.push(event);
    if (this.#events.length > MAX_WAITING_EVENTS) this.#events.shift();
    this.#gathering ??= setTimeout(() => this.#send(), GATHERING_MS);
  }

  /** Sets what the record shows as progress, with the next heartbeat. */
  progress(progress: JobProgress): void {
    this.#progress = progress;
    this.#tokensPerSecond = progress.tokensPerSecond;
  }

  /** How fast the job went when it last told. */
  get tokensPerSecond(): number {
    return this.#tokensPerSecond;
  }

  /**
   * From here on the job can no longer be cancelled, so that what is published is not of a cancelled job.
   * Throws {@link JobStoppedError} where the job is no longer ours.
   */
  async startCommitting(): Promise<void> {
    await this.flush();
    if (!(await this.#store.startCommitting(this.job.id, this.token))) this.stop('lost');
    this.signal.throwIfAborted();
  }

  /** Ends the lease with an outcome; does nothing where the job is no longer ours. */
  async settle(outcome: JobOutcome): Promise<void> {
    await this.flush();
    this.end();
    await this.#store.settle(this.job.kind, this.job.id, this.token, outcome);
  }

  /** Sends what is waiting, and returns when it has arrived. */
  async flush(): Promise<void> {
    this.#send();
    await this.#sending;
  }

  /** Ends the heartbeat; the record keeps the token until another claim. */
  end(): void {
    clearInterval(this.#heartbeat);
    clearTimeout(this.#gathering);
  }

  /** Sendings follow one another, each under its own number, so that one that is repeated by the connection counts once. */
  #send(): void {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    this.#sending = this.#sending.then(async () => {
      if (this.signal.aborted) return;
      const events = this.#events.splice(0);
      const progress = this.#progress;
      this.#progress = undefined;
      this.#sequence += 1;
      try {
        const { held } = await this.#store.report(this.job.id, this.token, this.#sequence, {
          events,
          ...(progress ? { progress } : {}),
        });
        if (!held) this.stop('lost');
      } catch {
        // Redis is away: the same number is not used again, and what was to be said waits for the next heartbeat.
        this.#events = [...events, ...this.#events].slice(-MAX_WAITING_EVENTS);
        this.#progress ??= progress;
      }
    });
  }
}
