import type { Storage } from '@glyphmill/storage';
import { Logger } from '@nestjs/common';
import { createApp } from './app.js';
import { type ApiConfig, readConfig } from './config.js';
import { STORAGE } from './connections/tokens.js';

/** What open requests have to end in after a signal, before the process ends without them. */
const SHUTDOWN_MS = 5000;

/** Serves until SIGTERM, SIGINT, or the end of the process that forked this one. */
async function serve(config: ApiConfig): Promise<void> {
  if (config.isStoragePrivate) process.umask(0o077);
  const app = await createApp(config);
  await app.listen(config.port, config.host).catch((error: Error & { code?: string }) => {
    if (error.code !== 'EADDRINUSE') throw error;
    throw new Error(
      `PORT ${config.port} of ${config.host} is in use: stop what listens there, or set PORT to another (0: a free one).`,
    );
  });
  const url = await app.getUrl();
  const logger = new Logger('Api');
  logger.log('listening', { url, docs: `${url}/docs`, storage: app.get<Storage>(STORAGE).place });
  process.send?.({ type: 'listening', url });

  const stop = async (reason: string) => {
    logger.log('stopping', { reason });
    setTimeout(() => process.exit(0), SHUTDOWN_MS).unref();
    await app.close();
    process.exit(0);
  };
  for (const reason of ['SIGTERM', 'SIGINT', 'disconnect'] as const) {
    process.once(reason, () => {
      stop(reason).catch((error: unknown) => {
        logger.error(error);
        process.exit(1);
      });
    });
  }
}

try {
  await serve(readConfig(process.env));
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`The API could not start. ${message}\n`);
  // Not the exit code alone: what is connected already would keep the process.
  process.exit(1);
}
