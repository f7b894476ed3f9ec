import { Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** An engine that does what its environment says. It imports nothing of ours, so that it runs as it is. */
const parent = new Socket({ fd: 3, readable: true, writable: true });
const heard = createInterface({ input: parent });
parent.on('error', () => undefined);
const write = (text: string) => parent.write(text);
const say = (words: string) => write(`${JSON.stringify({ type: 'said', words })}\n`);

/** Writes again and again, as fast as the other end reads, until it is ended. */
function flood(text: string): void {
  const go = () => {
    while (write(text));
    parent.once('drain', go);
  };
  go();
}

const deeds: Record<string, () => void> = {
  die: () => {
    process.stderr.write('no such tensor\n');
    process.exitCode = 3;
    parent.destroy();
  },
  babble: () => {
    write('{"type":"nonsense"}\n');
  },
  garble: () => {
    write('no JSON\n');
  },
  // One line that never ends.
  drone: () => {
    write('{"type":"said","words":"');
    flood('a'.repeat(2 ** 20));
  },
  nest: () => {
    write(`${'['.repeat(500_000)}${']'.repeat(500_000)}\n`);
  },
  flood: () => {
    flood(`${JSON.stringify({ type: 'said', words: 'again' })}\n`.repeat(1000));
  },
  last: () => {
    parent.end(`${JSON.stringify({ type: 'said', words: 'last' })}\n`.repeat(10_000), () => process.exit(0));
  },
  part: () => {
    parent.end(`${JSON.stringify({ type: 'said', words: 'goodbye' })}\n`, () => process.exit(0));
  },
  answer: () => {
    say('first');
    say('second');
    heard.on('line', say);
    parent.on('close', () => process.exit(0));
  },
  // Until something ends it.
  hoard: () => {
    const kept: Buffer[] = [];
    say('hoarding');
    heard.on('line', () => {
      for (;;) kept.push(Buffer.alloc(2 ** 20, 1));
    });
  },
  heap: () => {
    const kept: number[][] = [];
    for (;;) kept.push(Array.from({ length: 1000 }, () => Math.random()));
  },
  // It uses no processor.
  stall: () => {
    parent.write(`${JSON.stringify({ type: 'said', words: 'stalling' })}\n`, () => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });
  },
  hang: () => {
    say('hanging');
    parent.on('close', () => {
      for (;;);
    });
  },
};

deeds[process.env['ENGINE_DOES'] ?? '']?.();
