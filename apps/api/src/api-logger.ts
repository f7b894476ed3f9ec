import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import type { ApiConfig } from './config.js';

/** Nest's levels from the weightiest on. */
const LEVELS: readonly LogLevel[] = ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'];

/** How many of them each LOG_LEVEL shows; the setting's names are the worker's. */
const SHOWN = { silent: 0, error: 2, warn: 3, info: 4, debug: 5, trace: 6 } satisfies Record<
  ApiConfig['logLevel'],
  number
>;

/** Where Nest reports its own start, and of what ended it, which `main.ts` says in one line. */
const FRAMEWORK: ReadonlySet<unknown> = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
  'ExceptionHandler',
]);

/** Nest's own logger, writing one JSON object per line; what Nest says of its own start is for debugging. */
export class ApiLogger extends ConsoleLogger {
  constructor(level: ApiConfig['logLevel']) {
    super({ json: true, flattenParams: true, logLevels: LEVELS.slice(0, SHOWN[level]) });
  }

  override log(message: unknown, ...rest: unknown[]): void {
    if (FRAMEWORK.has(rest.at(-1))) super.debug(message, ...rest);
    else super.log(message, ...rest);
  }

  override error(message: unknown, ...rest: unknown[]): void {
    if (FRAMEWORK.has(rest.at(-1))) super.debug(message, ...rest);
    else super.error(message, ...rest);
  }
}
