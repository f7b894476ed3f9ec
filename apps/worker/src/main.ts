import { findRuntimes } from '@glyphmill/runtimes';
import { ConfigError, readConfig } from './config.js';
import { createLog } from './log.js';
import { startWorker } from './worker.js';

const log = createLog(process.env['LOG_LEVEL'] || 'info');
try {
  const config = readConfig(process.env);
  const worker = await startWorker(config, log, process.env, findRuntimes(process.env));
  process.send?.({ type: 'ready', worker: worker.id });

  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ signal }, 'worker stopping');
    setTimeout(() => process.exit(1), config.shutdownGraceMs).unref();
    void worker.stop().then(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // A worker that was forked does not outlive what forked it.
  process.on('disconnect', () => stop('disconnect'));
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  log.fatal({ code: error instanceof ConfigError ? error.code : 'start_failed' }, message);
  process.exit(1);
}
