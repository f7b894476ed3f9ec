import { RepeatedTask, type WorkerRegistry } from '@glyphmill/jobs';
import type { WorkerInfo } from '@glyphmill/contract';
import type { JobContext } from './process-delivery.js';

const ANNOUNCE_MS = 1000;

/** What of a worker does not change. */
type WorkerFacts = Pick<WorkerInfo, 'host' | 'pid' | 'device' | 'roles' | 'libraries'>;

/** Says once per second that a worker is alive and what it does, and keeps its claims of memory. */
export class Announcement {
  readonly #registry: WorkerRegistry;
  readonly #context: JobContext;
  readonly #facts: WorkerFacts;
  readonly #startedAt = new Date().toISOString();
  readonly #task: RepeatedTask;

  private constructor(registry: WorkerRegistry, context: JobContext, facts: WorkerFacts) {
    this.#registry = registry;
    this.#context = context;
    this.#facts = facts;
    // One at a time: while Redis is away they would pile up.
    const round = () => Promise.all([this.#announce(), context.memory.occupied(this.#isGenerating)]);
    this.#task = new RepeatedTask(ANNOUNCE_MS, round, () => undefined);
  }

  /** Returns once the worker is listed. */
  static async begin(registry: WorkerRegistry, context: JobContext, facts: WorkerFacts): Promise<Announcement> {
    const announcement = new Announcement(registry, context, facts);
    await announcement.#announce();
    return announcement;
  }

  /** Takes the worker off the list, and gives its claims of memory back. */
  async end(): Promise<void> {
    await this.#task.stop();
    await this.#context.memory.occupied(false);
    await this.#registry.remove(this.#context.workerId).catch(() => undefined);
  }

  get #isGenerating(): boolean {
    return [...this.#context.leases].some(({ job }) => job.kind === 'generate');
  }

  async #announce(): Promise<void> {
    const { workerId, draining } = this.#context;
    const leases = [...this.#context.leases];
    await this.#registry.announce({
      id: workerId,
      ...this.#facts,
      state: draining.aborted ? 'draining' : leases.length > 0 ? 'busy' : 'idle',
      jobs: [...new Set(leases.map((lease) => lease.job.id))],
      tokensPerSecond: leases.reduce((sum, lease) => sum + lease.tokensPerSecond, 0),
      startedAt: this.#startedAt,
    });
  }
}
