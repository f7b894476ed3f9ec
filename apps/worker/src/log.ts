import { pino, type Logger } from 'pino';

export type { Logger };

/** A logger that writes one JSON object per line to standard output. */
export function createLog(level: string): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime });
}
