/** An engine that does what its environment says. It imports nothing, so that it runs as it is. */
const say = (words: string) => process.send?.({ type: 'said', words });

const deeds: Record<string, () => void> = {
  die: () => {
    process.stderr.write('no such tensor\n');
    process.exitCode = 3;
  },
  babble: () => {
    process.send?.({ type: 'nonsense' });
    setInterval(() => undefined, 1000);
  },
  answer: () => {
    say('first');
    say('second');
    process.on('message', (message) => say(JSON.stringify(message)));
    process.on('disconnect', () => process.exit(0));
  },
  // Until something ends it.
  hoard: () => {
    const kept: Buffer[] = [];
    say('hoarding');
    process.on('message', () => {
      for (;;) kept.push(Buffer.alloc(2 ** 20, 1));
    });
  },
  heap: () => {
    const kept: number[][] = [];
    for (;;) kept.push(Array.from({ length: 1000 }, () => Math.random()));
  },
  hang: () => {
    say('hanging');
    process.on('disconnect', () => {
      for (;;);
    });
  },
};

deeds[process.env['ENGINE_DOES'] ?? '']?.();
