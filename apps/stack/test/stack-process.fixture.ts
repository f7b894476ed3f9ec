import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ChildProgram } from '@glyphmill/runtimes';

/** A program of the stack in a process group of its own, as a terminal starts it. */
export class StackProcess {
  readonly #program: ChildProgram;
  output = '';
  errors = '';
  /** The exit code, or null if a signal ended it. */
  readonly exitCode: Promise<number | null>;
  #said: () => void = () => undefined;

  constructor(program: 'main' | 'demo', settings: NodeJS.ProcessEnv) {
    const script = fileURLToPath(new URL(`../dist/${program}.js`, import.meta.url));
    this.#program = new ChildProgram([process.execPath, script], {
      environment: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...settings },
      onOutput: (text, stream) => {
        if (stream === 'stderr') this.errors += text;
        else this.output += text;
        this.#said();
      },
      leadsGroup: true,
    });
    this.exitCode = this.#program.ended.then(({ exitCode }) => {
      this.#said();
      return exitCode;
    });
  }

  /** Resolves with the match once the output has it. Throws when the program ends without it. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.output);
      if (found) return found;
      if (this.#program.hasEnded) throw new Error(`it ended: ${this.output}${this.errors}`);
      await new Promise<void>((resolve) => (this.#said = resolve));
    }
  }

  /** A signal to the program alone. */
  signal(name: NodeJS.Signals): void {
    this.#program.signal(name);
  }

  /** The process id of a child of the program's whose command line has the pattern. */
  async childPid(command: RegExp): Promise<number> {
    const found = (await childrenOf(this.pid)).find(({ args }) => command.test(args));
    if (found) return found.pid;
    throw new Error(`the program has no child ${String(command)}`);
  }

  /** Ctrl-C: the terminal tells every process of the group. */
  pressCtrlC(): void {
    process.kill(-this.pid, 'SIGINT');
  }

  /** Whether any process of the group is there: the program, the API, workers, engines. */
  get isGroupThere(): boolean {
    try {
      return process.kill(-this.pid, 0);
    } catch {
      return false;
    }
  }

  /** Ends whatever is left. */
  async clear(): Promise<void> {
    if (this.isGroupThere) process.kill(-this.pid, 'SIGKILL');
    await this.exitCode;
  }

  get pid(): number {
    return this.#program.pid;
  }
}

/** Whether something listens at an address of this machine. */
export async function answers(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const isOpen = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  });
  socket.destroy();
  return isOpen;
}

/** The processes that a process started, with their command lines. */
export async function childrenOf(pid: number): Promise<{ pid: number; args: string }[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,args=']);
  return stdout.split('\n').flatMap((line) => {
    const [, child, parent, args = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/u.exec(line) ?? [];
    return Number(parent) === pid ? [{ pid: Number(child), args }] : [];
  });
}
