import type { OutputLine } from '@glyphmill/model/config';
import { GenerationModel, generationRuntime } from '@glyphmill/model/generation';
import { describeEngineError } from '../engine/describe-engine-error.js';
import { engineSettings } from '../engine/engine-settings.js';
import { serveEngine } from '../engine/serve-engine.js';
import { generationCommand, type GenerationCommand, type GenerationReport } from './generation-protocol.js';

/** A generation engine: keeps the model it used last open, and does the requests one after another. */
const running = new Map<number, AbortController>();
let open: { folder: string; model: GenerationModel } | undefined;
let queue: Promise<void> = Promise.resolve();

const settings = engineSettings.parse(process.env);

const parent = serveEngine<typeof generationCommand, GenerationReport>(generationCommand, (command) => {
  if (command.type === 'cancel') running.get(command.request)?.abort();
  else {
    const stopping = new AbortController();
    running.set(command.request, stopping);
    queue = queue.then(() => generate(command, stopping.signal));
  }
});

async function generate(command: Extract<GenerationCommand, { type: 'generate' }>, signal: AbortSignal): Promise<void> {
  const { request, modelFolder, prompts, sampling } = command;
  try {
    signal.throwIfAborted();
    const model = await openModel(modelFolder);
    const lines: OutputLine[] = [];
    await model.generate({
      prompts,
      sampling,
      signal,
      onSequence: (line) => void lines.push(line),
      onProgress: (counts) => parent.send({ type: 'progress', request, ...counts }),
    });
    parent.send({ type: 'done', request, lines });
  } catch (error) {
    parent.send({ type: 'failed', request, error: describeEngineError(error) });
  } finally {
    running.delete(request);
  }
}

async function openModel(folder: string): Promise<GenerationModel> {
  if (open?.folder === folder) return open.model;
  await open?.model.close();
  open = undefined;
  const model = await GenerationModel.open(folder, settings);
  open = { folder, model };
  return model;
}

try {
  parent.send({ type: 'ready', ...generationRuntime(settings.device) });
} catch (error) {
  parent.send({ type: 'failed', request: 0, error: describeEngineError(error) });
}
