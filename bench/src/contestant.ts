import { fileURLToPath } from 'node:url';
import { engineEnvironment, type Xla } from './engine-environment.js';
import { measuredProcess } from './measured-process.js';
import { type TrainingOrder, trainingReport, type TrainingReport } from './training-report.js';

export interface MeasuredTraining extends TrainingReport {
  /** When its process was started, in milliseconds since 1970. */
  startedAtMs: number;
}

/** One side of a comparison: trains in a process of its own. */
export interface Contestant {
  name: string;
  train(order: TrainingOrder, threads: number): Promise<MeasuredTraining>;
}

/** Ours, `train()` in a process as a worker's engine; with XLA as a worker has it, or as asked. */
export function glyphmill(xla?: Xla): Contestant {
  const script = fileURLToPath(new URL('train-model.js', import.meta.url));
  return {
    name: xla === undefined ? 'Glyphmill' : `Glyphmill with XLA ${xla}`,
    train: async (order, threads) => {
      const startedAtMs = Date.now();
      const line = { command: process.execPath, args: [script, JSON.stringify(order)] };
      const report = await measuredProcess(line, { threads, environment: engineEnvironment(threads, xla) });
      return { startedAtMs, ...trainingReport.parse(report) };
    },
  };
}

export interface PyTorchOptions {
  /** An interpreter that can import torch. */
  python: string;
  /** Whether the model goes through `torch.compile`. */
  compiled?: boolean;
  /** Where `torch.compile` keeps what it compiled. */
  cacheFolder?: string;
  /** Batches to take instead of drawing some: see `writeBatches`. */
  batchesFile?: string;
}

/** The same training in PyTorch. */
export function pyTorch({ python, compiled = false, cacheFolder, batchesFile }: PyTorchOptions): Contestant {
  const script = fileURLToPath(new URL('../peers/train_gpt.py', import.meta.url));
  return {
    name: compiled ? 'torch.compile' : 'PyTorch eager',
    train: async (order, threads) => {
      const startedAtMs = Date.now();
      const line = { command: python, args: [script, JSON.stringify({ ...order, threads, compiled, batchesFile })] };
      const environment = {
        OMP_NUM_THREADS: String(threads),
        CUDA_VISIBLE_DEVICES: '-1',
        ...(cacheFolder === undefined ? {} : { TORCHINDUCTOR_CACHE_DIR: cacheFolder }),
      };
      const report = await measuredProcess(line, { threads, environment });
      return { startedAtMs, ...trainingReport.parse(report) };
    },
  };
}
