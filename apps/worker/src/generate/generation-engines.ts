import { EngineProcess } from '../engine/engine-process.js';
import { JobFailure } from '../job-failure.js';
import { generationReport, type GenerationCommand, type GenerationReport } from './generation-protocol.js';

type Engine = EngineProcess<typeof generationReport, GenerationCommand>;
type GenerateCommand = Extract<GenerationCommand, { type: 'generate' }>;
type Progress = Omit<Extract<GenerationReport, { type: 'progress' }>, 'type' | 'request'>;
type Growth = Extract<GenerationReport, { type: 'text' }>['growths'][number];
type Work = Omit<GenerateCommand, 'type' | 'request'>;

/** What a request returns when its lines are in the file: how many there are, and what they were computed on. */
export type Generated = Pick<Extract<GenerationReport, { type: 'done' }>, 'counts' | 'ranOn'>;

/** What is told about a request while it is done; of one that is retried it is told from the start. */
export interface GenerationListeners {
  onProgress: (progress: Progress) => void;
  onText: (growth: Growth) => void;
}

/** What an engine was asked for and has not answered yet. */
interface Pending {
  engine: Engine;
  onReport: (report: GenerationReport) => void;
  reject: (error: Error) => void;
}

/** An engine died with several requests, and nobody knows which of them it died of. */
class SharedDeathError extends Error {}

/**
 * The worker's generation engine: one process that stays, started again at the next request when it has died. Where it
 * dies with several requests, each is retried alone, and only the death that it then meets is its own.
 */
export class GenerationEngines {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #script: URL;
  readonly #pending = new Map<number, Pending>();
  #engine: Engine | undefined;
  /** Ends when no request is being retried alone. */
  #suspects: Promise<unknown> = Promise.resolve();
  #lastRequest = 0;

  constructor(environment: NodeJS.ProcessEnv, script = new URL('generation-engine.js', import.meta.url)) {
    this.#environment = environment;
    this.#script = script;
  }

  /** Starts the engine and returns what it runs on. Throws when it cannot start. */
  async describe(): Promise<{ device: string; libraries: Record<string, string> }> {
    const engine = this.#start();
    const answered = engine.expect();
    return await new Promise<{ device: string; libraries: Record<string, string> }>((resolve, reject) => {
      const onReport = (report: GenerationReport) => {
        if (report.type === 'ready') resolve({ device: report.device, libraries: report.libraries });
        if (report.type === 'failed') reject(new JobFailure(report.error));
      };
      this.#pending.set(0, { engine, onReport, reject });
    }).finally(() => {
      this.#pending.delete(0);
      answered();
    });
  }

  /** Generates one shard. Throws {@link JobFailure}, `EngineDiedError`, or the signal's reason. */
  async generate(work: Work, listeners: GenerationListeners, signal: AbortSignal): Promise<Generated> {
    await this.#suspects;
    try {
      return await this.#request(work, listeners, signal);
    } catch (error) {
      if (!(error instanceof SharedDeathError)) throw error;
    }
    const again = this.#suspects.then(() => this.#request(work, listeners, signal));
    this.#suspects = again.catch(() => undefined);
    return await again;
  }

  async #request(work: Work, { onProgress, onText }: GenerationListeners, signal: AbortSignal): Promise<Generated> {
    signal.throwIfAborted();
    const engine = this.#engine?.isAlive ? this.#engine : this.#start();
    this.#lastRequest += 1;
    const request = this.#lastRequest;
    const answered = engine.expect();
    const cancel = () => engine.send({ type: 'cancel', request });
    signal.addEventListener('abort', cancel, { once: true });
    try {
      return await new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
        const onReport = (report: GenerationReport) => {
          if (report.type === 'progress') onProgress(report);
          else if (report.type === 'text') report.growths.forEach(onText);
          else if (report.type === 'done') resolve({ counts: report.counts, ranOn: report.ranOn });
          else if (report.type === 'failed') reject(new JobFailure(report.error));
        };
        this.#pending.set(request, { engine, onReport, reject });
        engine.send({ type: 'generate', request, ...work });
      });
    } finally {
      signal.removeEventListener('abort', cancel);
      this.#pending.delete(request);
      answered();
    }
  }

  async stop(): Promise<void> {
    await this.#engine?.stop();
  }

  #start(): Engine {
    const engine: Engine = new EngineProcess({
      script: this.#script,
      incoming: generationReport,
      environment: this.#environment,
    });
    engine.listen((report) => {
      this.#pending.get(report.type === 'ready' ? 0 : report.request)?.onReport(report);
    });
    // Once an engine, not once a request: what waits for its end would keep each request's prompts until then.
    void engine.ended.then((death) => {
      const bereft = [...this.#pending.values()].filter((pending) => pending.engine === engine);
      const error = bereft.length > 1 ? new SharedDeathError(death.message) : death;
      for (const { reject } of bereft) reject(error);
    });
    this.#engine = engine;
    return engine;
  }
}
