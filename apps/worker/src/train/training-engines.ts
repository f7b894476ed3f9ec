import { EngineProcess } from '../engine/engine-process.js';
import { trainingReport, type TrainingCommand } from './training-protocol.js';

export type TrainingEngine = EngineProcess<typeof trainingReport, TrainingCommand>;

/** Training engines, one a job: memory, also a GPU's, goes back to the system when a job ends. */
export class TrainingEngines {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #stopMs: number;
  #spare: TrainingEngine | undefined;

  /** An engine that is to stop may take `stopMs` to do so. */
  constructor(environment: NodeJS.ProcessEnv, stopMs: number) {
    this.#environment = environment;
    this.#stopMs = stopMs;
  }

  /** An engine for one job; the caller stops it. */
  take(): TrainingEngine {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare?.isAlive ? spare : this.#start();
  }

  /** Starts an engine and keeps it for the next job; returns what it runs on. Throws when it cannot start. */
  async describe(): Promise<{ device: string; libraries: Record<string, string> }> {
    const engine = this.#start();
    this.#spare = engine;
    const answered = engine.expect();
    return await new Promise<{ device: string; libraries: Record<string, string> }>((resolve, reject) => {
      void engine.ended.then(reject);
      engine.listen((report) => {
        if (report.type === 'ready') resolve({ device: report.device, libraries: report.libraries });
        if (report.type === 'failed') reject(new Error(report.error.message));
      });
    }).finally(answered);
  }

  async stop(): Promise<void> {
    await this.#spare?.stop();
  }

  #start(): TrainingEngine {
    return new EngineProcess({
      script: new URL('training-engine.js', import.meta.url),
      incoming: trainingReport,
      environment: this.#environment,
      stopMs: this.#stopMs,
    });
  }
}
