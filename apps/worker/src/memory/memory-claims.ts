import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { z } from 'zod';

/** How often a claim is renewed, and how old one may grow before its worker counts as gone. */
const RENEW_MS = 5000;
const FORGET_MS = 30_000;

const claimFile = z.object({
  /** The process that made it: the claim of one that is gone counts no more. */
  worker: z.int(),
  /** What its work will take at its peak; 0 for work whose memory is not known before. */
  bytes: z.number().min(0),
  /** The process that takes the memory, once there is one; what it has counts no more as promised. */
  pid: z.int().nullable(),
  state: z.enum(['waiting', 'granted']),
  /** Who waits first is served first. */
  since: z.number(),
});
type ClaimFile = z.output<typeof claimFile>;

/** What a worker on this machine was promised or waits for. */
export interface OtherClaim extends ClaimFile {
  readonly id: string;
}

/**
 * What the workers of this machine have promised to their jobs: a file for each claim in a folder that they share, since
 * a job that has just begun does not have yet the memory that it will take. What a worker that died leaves counts no more:
 * its process is gone, or its file is not renewed.
 */
export class MemoryClaims {
  readonly #folder: string;

  constructor(folder = path.join(tmpdir(), `glyphmill-memory-${userInfo().uid}`)) {
    this.#folder = folder;
  }

  /** Writes down a claim; it stands until it is released. If the folder cannot be written, other workers do not see it. */
  async add(claim: Omit<ClaimFile, 'worker'>): Promise<MemoryClaim> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 }).catch(() => undefined);
    const added = new MemoryClaim(this.#folder, { ...claim, worker: process.pid });
    await added.update({});
    return added;
  }

  /** The claims of living workers but for one's own. A file that is no claim is none. */
  async others(own?: MemoryClaim): Promise<OtherClaim[]> {
    const names = await readdir(this.#folder).catch((): string[] => []);
    const claims = await Promise.all(
      names.filter((name) => name.endsWith('.json') && name !== `${own?.id}.json`).map((name) => this.#read(name)),
    );
    return claims.filter((claim) => claim !== undefined);
  }

  async #read(name: string): Promise<OtherClaim | undefined> {
    const file = path.join(this.#folder, name);
    try {
      const { mtimeMs } = await stat(file);
      if (Date.now() - mtimeMs > FORGET_MS) {
        await rm(file, { force: true });
        return undefined;
      }
      const claim = claimFile.parse(JSON.parse(await readFile(file, 'utf8')));
      return isRunning(claim.worker) ? { id: path.parse(name).name, ...claim } : undefined;
    } catch {
      return undefined;
    }
  }
}

/** One worker's claim, renewed until it is released. */
export class MemoryClaim {
  readonly id = randomUUID();
  readonly #folder: string;
  #claim: ClaimFile;
  readonly #renewing: NodeJS.Timeout;
  #released = false;

  constructor(folder: string, claim: ClaimFile) {
    this.#folder = folder;
    this.#claim = claim;
    this.#renewing = setInterval(() => {
      const now = new Date();
      void utimes(this.#file, now, now).catch(() => this.update({}));
    }, RENEW_MS).unref();
  }

  get since(): number {
    return this.#claim.since;
  }

  async update(change: Partial<Pick<ClaimFile, 'state' | 'pid'>>): Promise<void> {
    this.#claim = { ...this.#claim, ...change };
    await this.#write().catch(() => undefined);
  }

  async release(): Promise<void> {
    this.#released = true;
    clearInterval(this.#renewing);
    await rm(this.#file, { force: true }).catch(() => undefined);
  }

  get #file(): string {
    return path.join(this.#folder, `${this.id}.json`);
  }

  /** Whole or not at all: others read it at any moment. */
  async #write(): Promise<void> {
    if (this.#released) return;
    const draft = path.join(this.#folder, `${this.id}.new`);
    await writeFile(draft, JSON.stringify(this.#claim));
    await rename(draft, this.#file);
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // One of another user cannot be signalled.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
