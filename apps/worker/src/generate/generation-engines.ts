import type { OutputLine } from '@glyphmill/model/config';
import { EngineProcess } from '../engine/engine-process.js';
import { JobFailure } from '../job-failure.js';
import { generationReport, type GenerationCommand, type GenerationReport } from './generation-protocol.js';

type Engine = EngineProcess<typeof generationReport, GenerationCommand>;
type GenerateCommand = Extract<GenerationCommand, { type: 'generate' }>;
type Progress = Omit<Extract<GenerationReport, { type: 'progress' }>, 'type' | 'request'>;

/** The worker's generation engine: one process that stays, started again at the next request when it has died. */
export class GenerationEngines {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #listeners = new Map<number, (report: GenerationReport) => void>();
  #engine: Engine | undefined;
  #lastRequest = 0;

  constructor(environment: NodeJS.ProcessEnv) {
    this.#environment = environment;
  }

  /** Starts the engine and gives what it runs on. Throws when it cannot start. */
  async describe(): Promise<{ device: string; libraries: Record<string, string> }> {
    const engine = this.#start();
    return await new Promise((resolve, reject) => {
      void engine.ended.then(reject);
      this.#listeners.set(0, (report) => {
        if (report.type === 'ready') resolve({ device: report.device, libraries: report.libraries });
        if (report.type === 'failed') reject(new JobFailure(report.error));
      });
    });
  }

  /** Generates one shard. Throws {@link JobFailure}, `EngineDiedError`, or the signal's reason. */
  async generate(
    work: Omit<GenerateCommand, 'type' | 'request'>,
    onProgress: (progress: Progress) => void,
    signal: AbortSignal,
  ): Promise<OutputLine[]> {
    signal.throwIfAborted();
    const engine = this.#engine?.isAlive ? this.#engine : this.#start();
    this.#lastRequest += 1;
    const request = this.#lastRequest;
    const cancel = () => engine.send({ type: 'cancel', request });
    signal.addEventListener('abort', cancel, { once: true });
    try {
      return await new Promise((resolve, reject) => {
        void engine.ended.then(reject);
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
        this.#listeners.set(request, (report) => {
          if (report.type === 'progress') onProgress(report);
          else if (report.type === 'done') resolve(report.lines);
          else if (report.type === 'failed') reject(new JobFailure(report.error));
        });
        engine.send({ type: 'generate', request, ...work });
      });
    } finally {
      signal.removeEventListener('abort', cancel);
      this.#listeners.delete(request);
    }
  }

  async stop(): Promise<void> {
    await this.#engine?.stop();
  }

  #start(): Engine {
    const engine: Engine = new EngineProcess({
      script: new URL('generation-engine.js', import.meta.url),
      incoming: generationReport,
      environment: this.#environment,
    });
    engine.listen((report) => {
      this.#listeners.get(report.type === 'ready' ? 0 : report.request)?.(report);
    });
    this.#engine = engine;
    return engine;
  }
}
