import { findRuntimes } from '@glyphmill/runtimes';
import { ConfigError } from '@glyphmill/settings';
import { readConfig } from './config.js';
import { createLog, type Logger } from './log.js';
import { type RunningWorker, startWorker } from './worker.js';

/** A worker without a job leaves nothing behind: it does not wait for a Redis that is away. */
const IDLE_GRACE_MS = 2000;

let worker: RunningWorker | undefined;
let log: Logger | undefined;
let graceMs = 0;
const reasons = new Set<string>();

/**
 * Ends the worker in order. A terminal's Ctrl-C reaches the worker together with the SIGTERM of whoever started it:
 * only a signal that came before means that nobody wants to wait. The engines end with the process.
 */
const stop = (reason: string) => {
  if (!worker || reasons.has(reason)) process.exit(worker ? 1 : 0);
  reasons.add(reason);
  if (reasons.size > 1) return;
  log?.info({ reason }, 'worker stopping');
  const isIdle = worker.isIdle();
  setTimeout(
    () => {
      if (!isIdle) log?.error({ graceMs }, 'the job was not handed back in time');
      process.exit(isIdle ? 0 : 1);
    },
    isIdle ? Math.min(IDLE_GRACE_MS, graceMs) : graceMs,
  ).unref();
  void worker.stop().then(() => process.exit(0));
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
// A worker that was forked does not outlive what forked it.
process.on('disconnect', () => stop('disconnect'));

try {
  const config = readConfig(process.env);
  // Also for the engines, which write models and checkpoints.
  if (config.isStoragePrivate) process.umask(0o077);
  graceMs = config.shutdownGraceMs;
  log = createLog(config.logLevel);
  worker = await startWorker(config, log, process.env, findRuntimes(process.env));
  process.send?.({ type: 'ready', worker: worker.id });
} catch (error) {
  const code = error instanceof ConfigError ? error.code : 'start_failed';
  // Even if the log is silent, or its level is the wrong setting: why it did not start is always said.
  createLog('fatal').fatal({ code }, error instanceof Error ? error.message : String(error));
  process.exit(1);
}
