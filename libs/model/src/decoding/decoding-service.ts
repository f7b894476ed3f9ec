import { parentPort, workerData } from 'node:worker_threads';
import { LanguageModelSession } from '../onnx/language-model-session.js';
import { ContinuousDecoder } from './continuous-decoder.js';
import { DecodingSession } from './decoding-session.js';
import { bestBatchSize } from './batch-size.js';
import { NativeWork } from './native-work.js';
import type { ThreadCommand, ThreadData, ThreadReport } from './thread-messages.js';

/** What a decoding thread runs (decoding-thread.ts). Errors are not caught: they end the thread, and it tells its reason. */
const settings: ThreadData = workerData;
const nativeWork = new NativeWork(settings.nativeWork);
const { device, sessionThreads, blockSize, vocabularySize } = settings;
const port = parentPort!;
const report = (message: ThreadReport) => port.postMessage(message);

const { model, decoding } = await nativeWork.during(async () => {
  const options = { device, threads: sessionThreads };
  // ONNX Runtime takes no shared memory; these copies are gone when the sessions are open.
  return {
    model: await LanguageModelSession.open(new Uint8Array(settings.onnx).slice(), options),
    decoding: await DecodingSession.open(new Uint8Array(settings.decodingOnnx).slice(), options),
  };
});
const batchSize = bestBatchSize(decoding.sizes, blockSize, settings);
const decoder = new ContinuousDecoder({ model, decoding, blockSize, vocabularySize, batchSize });
let isRunning = false;
const closing = new AbortController();

async function run(): Promise<void> {
  if (isRunning) return;
  isRunning = true;
  while (decoder.size > 0 && !closing.signal.aborted) {
    await nativeWork.during(async () => await decoder.run((taken) => report({ type: 'tokens', taken })));
  }
  isRunning = false;
  if (closing.signal.aborted) await close();
}

async function close(): Promise<void> {
  closing.abort();
  if (isRunning) return;
  await model.close();
  await decoding.close();
  port.close();
}

async function handle(command: ThreadCommand): Promise<void> {
  switch (command.type) {
    case 'add':
      decoder.add(command.request);
      return await run();
    case 'remove':
      return decoder.remove(command.id);
    case 'logits': {
      const { question, ids, rows, columns } = command;
      const logits = await nativeWork.during(async () => await model.logits(ids, rows, columns));
      return report({ type: 'logits', question, logits });
    }
    case 'close':
      return await close();
  }
}

port.on('message', (command: ThreadCommand) => void handle(command));
report({ type: 'open', batchSize });
