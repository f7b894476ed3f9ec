import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { RedisProxy } from '@glyphmill/jobs/testing';
import { z } from 'zod';
import { type ProcessUsage, usageOf } from './process-usage.js';

const said = z.union([
  z.object({ type: z.literal('listening'), url: z.string() }),
  z.object({ type: z.literal('ready'), worker: z.string() }),
]);

/** What a worker logs of a job, or of a shard of one. */
const jobLine = z.object({ time: z.iso.datetime(), msg: z.string(), job: z.string(), shard: z.int().optional() });
export type JobLine = z.output<typeof jobLine>;

/** How long a process may take from its start until it serves, also where Valkey comes back meanwhile. */
const START_MS = 180_000;

interface ServiceOptions {
  name: string;
  kind: 'api' | 'worker';
  proxy: RedisProxy;
  settings: NodeJS.ProcessEnv;
  logFile: string;
  onViolation: (violation: string) => void;
}

/** An api or a worker of the deployment: a process, and the next one where it was ended. */
export class Service {
  readonly name: string;
  readonly kind: 'api' | 'worker';
  readonly proxy: RedisProxy;
  readonly #options: ServiceOptions;
  readonly #log: WriteStream;
  /** What its processes logged of jobs. */
  readonly jobLines: JobLine[] = [];
  #child: ChildProcess | undefined;
  #isServing = false;
  #isEnding = false;
  /** Of an api, where it listens. */
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

  /** The process id; throws where there is no process. */
  get pid(): number {
    return z.int().parse(this.#child?.pid);
  }

  /** Starts a process and returns when it serves. */
  async start(): Promise<void> {
    const { kind, settings, onViolation, name } = this.#options;
    const script = new URL(import.meta.resolve(`@glyphmill/${kind}/main`));
    const child = fork(script, {
      execArgv: [],
      env: { ...settings, REDIS_URL: this.proxy.url },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    this.#isEnding = false;
    child.stdout?.pipe(this.#log, { end: false });
    if (child.stdout) createInterface(child.stdout).on('line', (line) => this.#read(line));
    child.stderr?.pipe(this.#log, { end: false });
    child.once('exit', (code, signal) => {
      this.#isServing = false;
      this.url = undefined;
      if (!this.#isEnding) onViolation(`${name} (pid ${child.pid}) ended unasked: ${signal ?? `exit code ${code}`}`);
    });
    const [message] = await once(child, 'message', { signal: AbortSignal.timeout(START_MS) });
    const ready = said.parse(message);
    if (ready.type === 'listening') this.url = ready.url;
    this.usageAtStart = await usageOf(this.pid);
    this.#isServing = true;
  }

  /** Sends a signal that does not end the process. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#isServing = signal === 'SIGCONT';
    this.#child?.kill(signal);
  }

  /** Ends the process by a signal. Gives its exit code, or null where the signal ended it. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    this.#isServing = false;
    this.#isEnding = true;
    const exited = once(child, 'exit');
    child.kill(signal);
    const [code] = await exited;
    return z.int().nullable().parse(code);
  }

  #read(line: string): void {
    // A killed process may leave half a line.
    if (!line.startsWith('{') || !line.endsWith('}')) return;
    const told = jobLine.safeParse(JSON.parse(line));
    if (told.success) this.jobLines.push(told.data);
  }
}
