import { fileURLToPath } from 'node:url';
import { ChildProgram, type Serving } from '@glyphmill/runtimes';
import { z } from 'zod';
import { type Part, PartDiedError } from './part.js';

interface ServiceOptions {
  script: URL;
  environment: NodeJS.ProcessEnv;
  onOutput: (text: string) => void;
  /** How long it may take to end in order before it is killed. */
  stopMs: number;
  /** What ends it at once, with all that it started. */
  lastSignal: NodeJS.Signals;
}

const logLine = z.object({ level: z.number(), msg: z.string() });
const FATAL = 60;

/** Why a service ended, of what it said last: what it did not log, and what it logged as fatal. */
export function reasonIn(lastWords: string): string {
  const lines = lastWords.trim().split('\n');
  const telling = lines.flatMap((line) => {
    if (!line.startsWith('{')) return [line];
    const logged = logLine.safeParse(parseJson(line)).data;
    return logged && logged.level >= FATAL ? [logged.msg] : [];
  });
  return (telling.length > 0 ? telling : lines.slice(-1)).join('\n');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An API or a worker of the stack. */
export class Service implements Part<Serving> {
  readonly #program: ChildProgram;
  readonly #options: ServiceOptions;
  readonly ready: Promise<Serving>;
  readonly ended: Promise<PartDiedError>;

  constructor(name: string, options: ServiceOptions) {
    const { script, environment, onOutput } = options;
    this.#options = options;
    this.#program = new ChildProgram([process.execPath, fileURLToPath(script)], { environment, onOutput });
    this.ended = this.#program.ended.then(({ reason, lastWords }) => {
      const words = reasonIn(lastWords);
      return new PartDiedError(`${name} ended (${reason})${words && `: ${words}`}`);
    });
    this.ready = this.#program.serving.catch(async () => Promise.reject(await this.ended));
    this.ready.catch(() => undefined);
  }

  /** Ends the process in order. The service itself bounds how long that takes; one that cannot is killed. */
  async stop(): Promise<void> {
    await this.#program.stop(this.#options.stopMs);
  }

  abandon(): void {
    this.#program.signal(this.#options.lastSignal);
  }
}
