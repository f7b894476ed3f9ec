import { GenerationModel, generationRuntime } from '@glyphmill/model/generation';
import { describeEngineError } from '../engine/describe-engine-error.js';
import { engineSettings } from '../engine/engine-settings.js';
import { serveEngine } from '../engine/serve-engine.js';
import { LineFile } from './line-file.js';
import { OpenModels } from './open-models.js';
import { generationCommand, type GenerationCommand, type GenerationReport } from './generation-protocol.js';

/** Of the files of models that are kept open between requests; those in use are open whatever they take. */
const MAX_OPEN_BYTES = 1024 ** 3;

/** A generation engine: does all requests at once, those of one model in shared batches. */
const running = new Map<number, AbortController>();

const settings = engineSettings.parse(process.env);
const runtime = generationRuntime(settings.device);
const models = new OpenModels((folder) => GenerationModel.open(folder, settings), MAX_OPEN_BYTES);

const parent = serveEngine<typeof generationCommand, GenerationReport>(generationCommand, (command) => {
  if (command.type === 'cancel') running.get(command.request)?.abort();
  else {
    const stopping = new AbortController();
    running.set(command.request, stopping);
    void generate(command, stopping.signal);
  }
});

async function generate(command: Extract<GenerationCommand, { type: 'generate' }>, signal: AbortSignal): Promise<void> {
  const { request, modelFolder, prompts, sampling, outputFile, stream } = command;
  let output: LineFile | undefined;
  try {
    signal.throwIfAborted();
    const lines = (output = await LineFile.create(outputFile));
    const counts = await models.use(modelFolder, (model) =>
      model.generate({
        prompts,
        sampling,
        signal,
        onSequence: (line) => lines.add(line),
        onProgress: (progress) => parent.send({ type: 'progress', request, ...progress }),
        onText: stream ? inSteps((growths) => parent.send({ type: 'text', request, growths })) : undefined,
      }),
    );
    await lines.end();
    const { device, libraries } = await runtime;
    parent.send({ type: 'done', request, counts, ranOn: { device, ...libraries } });
  } catch (error) {
    parent.send({ type: 'failed', request, error: describeEngineError(error) });
  } finally {
    running.delete(request);
    await output?.close();
  }
}

/** Hands on together what comes in one step of the decoder, which hands the tokens of all its sequences over at once. */
function inSteps<Item>(send: (items: Item[]) => void): (item: Item) => void {
  let step: Item[] = [];
  return (item) => {
    step.push(item);
    if (step.length > 1) return;
    queueMicrotask(() => {
      send(step);
      step = [];
    });
  };
}

try {
  parent.send({ type: 'ready', ...(await runtime) });
} catch (error) {
  parent.send({ type: 'failed', request: 0, error: describeEngineError(error) });
}
