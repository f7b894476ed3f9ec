import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../problem/problem.js';
import { sendProblem } from '../problem/send-problem.js';
import { hasBody } from './media-type.js';

/** The slowest that a body may come on average, once the first pause is over: a quarter of a GB then takes days. */
const SLOWEST_BYTES_PER_SECOND = 1024;

/** How often a body that is being read is looked at, unless the pause it may make is shorter. */
const LOOK_MS = 1000;

/**
 * A hook that ends a request whose body stops coming with 408: one that pauses for longer than `pauseMs`, or that comes
 * more slowly than 1 KiB/s beyond that. Only time that the server spent waiting counts, so a disk that is slow to take
 * an upload is not its client's fault. What was reading the body fails, and cleans up behind itself.
 */
export function limitBodyPace(pauseMs: number) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (!hasBody(request)) return;
    const { raw } = request;
    const pace = new BodyPace(pauseMs, raw.socket.bytesRead);
    const lookMs = Math.min(LOOK_MS, pauseMs / 4);
    const look = setInterval(() => {
      if (raw.complete || raw.destroyed) clearInterval(look);
      // Bytes that lie unread are bytes that the client has sent.
      else if (raw.readableLength === 0 && !pace.waited(lookMs, raw.socket.bytesRead)) {
        clearInterval(look);
        timeOut(request, reply, pauseMs);
      }
    }, lookMs);
    raw.once('close', () => clearInterval(look));
  };
}

/** How fast a body comes. */
export class BodyPace {
  readonly #pauseMs: number;
  readonly #firstBytes: number;
  #lastBytes: number;
  #waitedMs = 0;
  #pausedMs = 0;

  /** `bytes` is how many the connection had read when the body began. */
  constructor(pauseMs: number, bytes: number) {
    this.#pauseMs = pauseMs;
    this.#firstBytes = bytes;
    this.#lastBytes = bytes;
  }

  /** Notes that the server waited for `ms`, by the end of which the connection had read `bytes`; false if it comes too slowly. */
  waited(ms: number, bytes: number): boolean {
    this.#waitedMs += ms;
    this.#pausedMs = bytes === this.#lastBytes ? this.#pausedMs + ms : 0;
    this.#lastBytes = bytes;
    const enoughMs = this.#pauseMs + ((bytes - this.#firstBytes) / SLOWEST_BYTES_PER_SECOND) * 1000;
    return this.#pausedMs < this.#pauseMs && this.#waitedMs < enoughMs;
  }
}

function timeOut(request: FastifyRequest, reply: FastifyReply, pauseMs: number): void {
  const detail =
    `The rest of the body did not come: it may pause for ${pauseMs / 1000} seconds (REQUEST_TIMEOUT_SECONDS), ` +
    `and must come at ${SLOWEST_BYTES_PER_SECOND} bytes per second or more. Send the request again.`;
  const problem = new Problem('request_timeout', detail);
  const giveUp = () => request.raw.destroy(problem);
  if (reply.sent || reply.raw.headersSent) {
    giveUp();
    return;
  }
  reply.raw.once('finish', giveUp).once('close', giveUp);
  sendProblem(problem, request, reply);
}
