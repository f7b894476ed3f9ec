/** An engine that does what its environment says. It imports nothing, so that it runs as it is. */
const say = (words: string) => process.send?.({ type: 'said', words });

switch (process.env['ENGINE_DOES']) {
  case 'die':
    process.stderr.write('no such tensor\n');
    process.exitCode = 3;
    break;
  case 'babble':
    process.send?.({ type: 'nonsense' });
    setInterval(() => undefined, 1000);
    break;
  case 'answer':
    say('first');
    say('second');
    process.on('message', (message) => say(JSON.stringify(message)));
    process.on('disconnect', () => process.exit(0));
    break;
  case 'hang':
    say('hanging');
    process.on('disconnect', () => {
      for (;;);
    });
    break;
}
