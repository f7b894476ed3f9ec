import { setTimeout as wait } from 'node:timers/promises';
import { GlyphmillClient } from '@glyphmill/client';
import type { Deployment } from './deployment.js';

/** How long a client keeps trying. */
const PATIENCE_MS = 180_000;
const ANSWER_MS = 20_000;
const PAUSE_MS = 500;

/** A client that takes the APIs of a deployment in turn, and tries again, as any careful client would. */
export function clientOf(deployment: Deployment): GlyphmillClient {
  let turn = 0;
  const url = async () => {
    for (;;) {
      const urls = deployment.services.flatMap(({ kind, url }) => (kind === 'api' && url ? [url] : []));
      turn += 1;
      const next = urls[turn % urls.length];
      if (next !== undefined) return next;
      await wait(PAUSE_MS);
    }
  };
  return new GlyphmillClient({ url, patienceMs: PATIENCE_MS, answerMs: ANSWER_MS });
}
