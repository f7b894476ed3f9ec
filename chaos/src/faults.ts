import { setTimeout as wait } from 'node:timers/promises';
import { type Deployment, SHUTDOWN_GRACE_SECONDS } from './deployment.js';
import type { Fault } from './fault-schedule.js';
import { markedProcesses } from './process-usage.js';
import type { Service } from './service.js';

/** A fault that was done. */
export interface Inflicted {
  fault: Fault;
  /** What it struck; `undefined` if there was nothing to strike. */
  target: string | undefined;
  /** When, by the clock of this machine. */
  at: number;
}

/** Does one fault, and repairs what it broke. What does not go as it must goes to `onViolation`. */
export async function inflict(
  fault: Fault,
  deployment: Deployment,
  onViolation: (violation: string) => void,
): Promise<Inflicted> {
  const { kind, lastsMs } = fault;
  const ofKind = (wanted: Service['kind']) =>
    pick(
      deployment.services.filter((each) => each.kind === wanted && each.isServing),
      fault,
    );
  const done = async (service: Service | undefined, strike: (service: Service) => Promise<void>) => {
    const at = Date.now();
    if (service) await strike(service);
    return { fault, target: service?.name, at };
  };
  switch (kind) {
    case 'kill worker':
    case 'kill api':
      return await done(ofKind(kind === 'kill api' ? 'api' : 'worker'), async (service) => {
        await service.end('SIGKILL');
        await wait(lastsMs);
        await revive(service, onViolation);
      });
    case 'drain worker':
      return await done(ofKind('worker'), async (service) => {
        const begun = performance.now();
        const code = await service.end('SIGTERM');
        const seconds = (performance.now() - begun) / 1000;
        if (code !== 0 || seconds > SHUTDOWN_GRACE_SECONDS + 1) {
          onViolation(`${service.name} ended with ${code} after ${seconds.toFixed(1)} s at SIGTERM`);
        }
        await wait(lastsMs);
        await revive(service, onViolation);
      });
    case 'freeze worker':
      return await done(ofKind('worker'), async (service) => {
        service.signal('SIGSTOP');
        await wait(lastsMs);
        service.signal('SIGCONT');
      });
    case 'kill engine':
      return await done(ofKind('worker'), async (service) => {
        const engines = (await markedProcesses(deployment.mark)).filter(({ parent }) => parent === service.pid);
        const engine = pick(engines, fault);
        if (engine) process.kill(engine.pid, 'SIGKILL');
      });
    case 'cut connections':
      return await done(pick(deployment.services, fault), async ({ proxy }) => proxy.cut());
    case 'stall connections':
      return await done(pick(deployment.services, fault), async ({ proxy }) => {
        proxy.stall();
        await wait(lastsMs);
        proxy.flow();
      });
    case 'kill Valkey':
    case 'restart Valkey': {
      const at = Date.now();
      await deployment.restartValkey(kind === 'kill Valkey' ? 'SIGKILL' : 'SIGTERM', lastsMs);
      return { fault, target: 'Valkey', at };
    }
  }
}

/** Starts what was ended; a process that does not come to serve is a violation, and another one is started. */
async function revive(service: Service, onViolation: (violation: string) => void): Promise<void> {
  try {
    await service.start();
  } catch (error) {
    onViolation(`${service.name} did not come to serve: ${String(error)}`);
    await service.end('SIGKILL');
    await service.start();
  }
}

function pick<Item>(items: readonly Item[], { target }: Fault): Item | undefined {
  return items[Math.floor(target * items.length)];
}
