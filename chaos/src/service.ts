import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { RedisProxy } from '@glyphmill/jobs/testing';
import { ChildProgram } from '@glyphmill/runtimes';
import { z } from 'zod';
import { type ProcessUsage, usageOf } from './process-usage.js';

/** What a worker logs of a job, or of a shard of one. */
const jobLine = z.object({ time: z.iso.datetime(), msg: z.string(), job: z.string(), shard: z.int().optional() });
export type JobLine = z.output<typeof jobLine>;

/** How long a process may take from its start until it serves, even if Valkey comes back meanwhile. */
const START_MS = 180_000;

interface ServiceOptions {
  name: string;
  kind: 'api' | 'worker';
  proxy: RedisProxy;
  settings: NodeJS.ProcessEnv;
  logFile: string;
  onViolation: (violation: string) => void;
}

/** An API or a worker of the deployment: a process, and the next one where it was ended. */
export class Service {
  readonly name: string;
  readonly kind: 'api' | 'worker';
  readonly proxy: RedisProxy;
  readonly #options: ServiceOptions;
  readonly #log: WriteStream;
  /** What its processes logged of jobs. */
  readonly jobLines: JobLine[] = [];
  #program: ChildProgram | undefined;
  #isServing = false;
  #isEnding = false;
  /** Of an API, where it listens. */
  url: string | undefined;
  /** What the process held when it began to serve. */
  usageAtStart: ProcessUsage | undefined;

  constructor(options: ServiceOptions) {
    this.name = options.name;
    this.kind = options.kind;
    this.proxy = options.proxy;
    this.#options = options;
    this.#log = createWriteStream(options.logFile);
  }

  /** Whether faults may be done to it: it serves, and none is being done. */
  get isServing(): boolean {
    return this.#isServing;
  }

  /** The process id; throws if there is no process. */
  get pid(): number {
    return z.int().parse(this.#program?.pid);
  }

  /** Starts a process and returns when it serves. */
  async start(): Promise<void> {
    const { kind, settings, onViolation, name } = this.#options;
    const script = fileURLToPath(import.meta.resolve(`@glyphmill/${kind}/main`));
    let rest = '';
    const program = new ChildProgram([process.execPath, script], {
      environment: { ...settings, REDIS_URL: this.proxy.url },
      onOutput: (text, stream) => {
        this.#log.write(text);
        if (stream === 'stderr') return;
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) this.#read(line);
      },
    });
    this.#program = program;
    this.#isEnding = false;
    void program.ended.then(({ reason }) => {
      this.#isServing = false;
      this.url = undefined;
      if (!this.#isEnding) onViolation(`${name} (pid ${program.pid}) ended unasked: ${reason}`);
    });
    const late = AbortSignal.timeout(START_MS);
    const serving = await Promise.race([program.serving, once(late, 'abort').then(() => Promise.reject(late.reason))]);
    if (serving.type === 'listening') this.url = serving.url;
    this.usageAtStart = await usageOf(this.pid);
    this.#isServing = true;
  }

  /** Sends a signal that does not end the process. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#isServing = signal === 'SIGCONT';
    this.#program?.signal(signal);
  }

  /** Ends the process by a signal. Returns its exit code, or null if the signal ended it. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    this.#isServing = false;
    this.#isEnding = true;
    this.#program?.signal(signal);
    return (await this.#program?.ended)?.exitCode ?? null;
  }

  #read(line: string): void {
    // A killed process may leave half a line.
    if (!line.startsWith('{') || !line.endsWith('}')) return;
    const told = jobLine.safeParse(JSON.parse(line));
    if (told.success) this.jobLines.push(told.data);
  }
}
