import { readdir, readFile } from 'node:fs/promises';

/** What a process holds now. Reads `/proc`, so it needs Linux. */
export interface ProcessMemory {
  /** The program, without its interpreter and folder: `api`, `worker`, `generation-engine`, `valkey-server`. */
  program: string;
  residentBytes: number;
  openFiles: number;
}

const PROGRAM = /(api|worker)\/dist\/main\.js|(generation-engine)\.js|(valkey-server)/u;

/** What each process of a deployment holds whose oldest process has the id, engines of single training runs left out. */
export async function deploymentMemory(root: number): Promise<ProcessMemory[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/u.test(name)) continue;
    const status = await readFile(`/proc/${name}/status`, 'utf8').catch(() => '');
    parents.set(Number(name), Number(/^PPid:\s+(\d+)$/mu.exec(status)?.[1]));
  }
  const isBelow = (pid: number | undefined): boolean =>
    pid !== undefined && (pid === root || isBelow(parents.get(pid)));
  const found = await Promise.all([...parents.keys()].filter(isBelow).map(readProcess));
  return found.filter((process) => process !== undefined);
}

async function readProcess(pid: number): Promise<ProcessMemory | undefined> {
  try {
    const [status, command, files] = await Promise.all([
      readFile(`/proc/${pid}/status`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
      readdir(`/proc/${pid}/fd`),
    ]);
    const program = PROGRAM.exec(command)?.slice(1).find(Boolean);
    const kibibytes = /^VmRSS:\s+(\d+) kB$/mu.exec(status)?.[1];
    if (program === undefined || kibibytes === undefined) return undefined;
    return { program, residentBytes: Number(kibibytes) * 1024, openFiles: files.length };
  } catch {
    return undefined; // It has ended.
  }
}
