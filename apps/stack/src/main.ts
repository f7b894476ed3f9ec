import { readConfig } from './config.js';
import { listenForInterruption } from './interruption.js';
import { startStack } from './stack.js';

/** `npm start`: Valkey, api and workers until Ctrl-C; one that dies is started again. */
const say = (line: string) => process.stdout.write(`${line}\n`);
const interruption = listenForInterruption();

try {
  const config = readConfig(process.env);
  say(`Glyphmill starts; its data is in ${config.dataFolder}`);
  const stack = await startStack(config, process.env, {
    onStarted: (what) => say(`  ${what}`),
    onOutput: (text) => process.stdout.write(text),
    onTrouble: say,
    interruption,
  });
  say(`Ready: ${stack.url}/docs is the reference of the HTTP API; Ctrl-C stops everything.`);
  interruption.addEventListener('abort', () => say('Stopping …'));
  try {
    await stack.untilBroken();
  } finally {
    await stack.stop();
  }
} catch (error) {
  if (!interruption.aborted) {
    process.stderr.write(`Glyphmill ended: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}
say('Everything is stopped.');
process.exit(0);
