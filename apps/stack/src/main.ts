import { readConfig } from './config.js';
import { startStack } from './stack.js';

/** `npm start`: Valkey, api and workers until Ctrl-C. */
const say = (line: string) => process.stdout.write(`${line}\n`);

try {
  const config = readConfig(process.env);
  say(`Glyphmill starts; its data is in ${config.dataFolder}`);
  const stack = await startStack(config, process.env, {
    onStarted: (what) => say(`  ${what}`),
    onOutput: (text) => process.stdout.write(text),
  });
  say(`Ready: ${stack.url}/docs is the reference of the HTTP api; Ctrl-C stops everything.`);

  let stopping = false;
  const stop = async (code: number) => {
    if (stopping) process.exit(1);
    stopping = true;
    say('Stopping …');
    await stack.stop();
    process.exit(code);
  };
  process.on('SIGINT', () => void stop(0));
  process.on('SIGTERM', () => void stop(0));
  const failure = await stack.failed;
  if (!stopping) {
    process.stderr.write(`${failure.message}\n`);
    await stop(1);
  }
} catch (error) {
  process.stderr.write(`Glyphmill did not start: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
