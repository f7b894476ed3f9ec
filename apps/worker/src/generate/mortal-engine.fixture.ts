import { existsSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';

/**
 * A generation engine that dies of the prompt `poison`. Any other prompt it answers only once an engine has died so:
 * whatever the first one was asked for beside the poison is unanswered when it dies.
 */
const graveFile = process.env['GRAVE_FILE'] ?? '';

const parent = new Socket({ fd: 3, readable: true, writable: true });
parent.on('close', () => process.exit(0));
const send = (message: object) => parent.write(`${JSON.stringify(message)}\n`);
interface Command {
  request: number;
  prompts: { text: string }[];
  outputFile: string;
}
createInterface({ input: parent }).on('line', (received) => {
  const { request, prompts, outputFile } = JSON.parse(received) as Command;
  const prompt = prompts[0]?.text ?? '';
  if (prompt === 'poison') {
    writeFileSync(graveFile, '');
    process.exit(1);
  }
  if (!existsSync(graveFile)) return;
  const place = { promptIndex: 0, sampleIndex: 0, prompt };
  const line = { ...place, text: ' and on', tokenCount: 7, finishReason: 'length', seed: 1 };
  writeFileSync(outputFile, `${JSON.stringify(line)}\n`);
  const counts = { done: 1, failed: 0, tokens: 7 };
  send({ type: 'done', request, counts, ranOn: { device: 'cpu', onnxruntime: '1' } });
});
send({ type: 'ready', device: 'cpu', libraries: {} });
