import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { machineMemory, type MachineMemory } from '@glyphmill/settings';
import { JobFailure } from '../job-failure.js';
import { type MemoryClaim, MemoryClaims, type OtherClaim } from './memory-claims.js';

/** How often a job that waits looks again, and for how long it waits here before it goes back to the queue. */
const LOOK_MS = 1000;
const PATIENCE_MS = 20_000;

/** What a job asks for. */
export interface MemoryRequest {
  estimateBytes: number;
  /** Which of several that wait is served first: the least. */
  since: number;
  signal: AbortSignal;
  /** Called once if the job must wait, with the reason. */
  onWait: (why: string) => void;
}

interface MemoryGateOptions {
  claims?: MemoryClaims;
  memory?: () => MachineMemory;
  residentBytes?: (pid: number) => number;
  lookMs?: number;
  patienceMs?: number;
}

/**
 * Lets a job begin only if it fits into the memory of this machine beside all that runs on it, also of other workers.
 * Who waits longest is served first: nobody passes unless there is room for those who wait before him, too.
 */
export class MemoryGate {
  readonly #claims: MemoryClaims;
  readonly #memory: () => MachineMemory;
  readonly #residentBytes: (pid: number) => number;
  readonly #lookMs: number;
  readonly #patienceMs: number;
  #occupation: MemoryClaim | undefined;

  constructor(options: MemoryGateOptions = {}) {
    this.#claims = options.claims ?? new MemoryClaims();
    this.#memory = options.memory ?? machineMemory;
    this.#residentBytes = options.residentBytes ?? residentBytes;
    this.#lookMs = options.lookMs ?? LOOK_MS;
    this.#patienceMs = options.patienceMs ?? PATIENCE_MS;
  }

  /**
   * Resolves when there is room, with the claim to release at the job's end; with undefined if there was none for a
   * while, so that another machine may take the job. Throws the signal's reason, and {@link JobFailure} with
   * `out_of_memory` if the machine is too small, or with `memory_in_use` if nothing of Glyphmill's is in the way.
   */
  async enter({ estimateBytes, since, signal, onWait }: MemoryRequest): Promise<MemoryClaim | undefined> {
    const { limitBytes } = this.#memory();
    const takes = `the training run takes about ${mebibytes(estimateBytes)}`;
    if (estimateBytes > limitBytes) {
      const message = `${takes}, and this machine has ${mebibytes(limitBytes)} in all`;
      throw new JobFailure({ code: 'out_of_memory', message, retryable: false });
    }
    const claim = await this.#claims.add({ bytes: estimateBytes, pid: null, state: 'waiting', since });
    let isGranted = false;
    try {
      const fits = async () => this.#rest(claim, estimateBytes, await this.#claims.others(claim)) >= 0;
      const until = performance.now() + this.#patienceMs;
      for (let looks = 0; ; looks += 1) {
        signal.throwIfAborted();
        if (await fits()) {
          await claim.update({ state: 'granted' });
          // Two that looked at the same moment now see each other.
          isGranted = await fits();
          if (isGranted) return claim;
          await claim.update({ state: 'waiting' });
        }
        const { freeBytes } = this.#memory();
        const free = `${takes}, and ${mebibytes(freeBytes)} of this machine's ${mebibytes(limitBytes)} are free`;
        if (looks === 0) onWait(`waiting for memory: ${free}, of which jobs that run will take some`);
        if (performance.now() >= until) {
          if ((await this.#claims.others(claim)).length > 0) return undefined;
          const message = `${free}, with no other job running on it. End what takes the memory, or take a smaller model`;
          throw new JobFailure({ code: 'memory_in_use', message, retryable: true });
        }
        await wait(this.#lookMs, undefined, { signal }).catch(() => undefined);
      }
    } finally {
      if (!isGranted) await claim.release();
    }
  }

  /**
   * Says whether work runs here whose memory is not known before, as generation is: what does not fit beside it waits for
   * its end rather than fail.
   */
  async occupied(isOccupied: boolean): Promise<void> {
    if (isOccupied) this.#occupation ??= await this.#claims.add({ bytes: 0, pid: null, state: 'granted', since: 0 });
    else {
      const occupation = this.#occupation;
      this.#occupation = undefined;
      await occupation?.release();
    }
  }

  /** What would be free if the job, all that were let in, and all that wait before it had what they will take. */
  #rest(claim: MemoryClaim, estimateBytes: number, others: readonly OtherClaim[]): number {
    const isBefore = ({ state, since, id }: OtherClaim) =>
      state === 'granted' || since < claim.since || (since === claim.since && id < claim.id);
    const promised = others
      .filter(isBefore)
      .reduce((sum, { bytes, pid: other }) => sum + this.#missing(bytes, other), 0);
    return this.#memory().freeBytes - promised - estimateBytes;
  }

  /** What a process will take beyond what it has. */
  #missing(bytes: number, pid: number | null): number {
    return Math.max(0, bytes - (pid === null ? 0 : this.#residentBytes(pid)));
  }
}

/** What a process has of the machine's memory now; 0 if the system does not say. */
function residentBytes(pid: number): number {
  try {
    const kibibytes = /^VmRSS:\s*(\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kibibytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)} MiB`;
}
