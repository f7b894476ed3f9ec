import type { CharacterTokenizer } from '@glyphmill/data';
import type { ModelManifest, OutputLine, SamplingConfig } from '../config/index.js';
import type { SessionOptions } from '../onnx/open-session.js';
import { eventLoopYield } from '../yield-to-event-loop.js';
import { openDecoders, type OpenDecoders } from './open-decoders.js';
import { type ModelFolder, readModelFolder } from './model-folder.js';
import type { TextGrowth } from './text-growth.js';
import { generateLines, type GenerationCounts, type Prompt } from './generate-lines.js';

export interface GenerationTask {
  prompts: readonly Prompt[];
  sampling: SamplingConfig;
  /** Ends the generation within milliseconds; `generate` then throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** A line for each sample of each prompt, in their order; the next is not given before this has returned. */
  onSequence: (line: OutputLine) => void | Promise<void>;
  /** About ten times per second, and at the end. */
  onProgress?: ((counts: GenerationCounts) => void) | undefined;
  /** More of a sequence's text, as soon as it is drawn and sure; where it is given, tokens come in short steps. */
  onText?: ((growth: TextGrowth) => void) | undefined;
}

/**
 * A model of a model folder, open in ONNX Runtime.
 *
 *     const model = await GenerationModel.open(folder, { device: 'cpu' });
 *     await model.generate({ prompts: [{ promptIndex: 0, text: 'Call me' }], sampling, onSequence: console.log });
 *     await model.close();
 */
export class GenerationModel {
  readonly manifest: ModelManifest;
  readonly #tokenizer: CharacterTokenizer;
  readonly #decoders: OpenDecoders;

  private constructor({ manifest, tokenizer }: ModelFolder, decoders: OpenDecoders) {
    this.manifest = manifest;
    this.#tokenizer = tokenizer;
    this.#decoders = decoders;
  }

  /** Throws `ModelFolderError`, `DeviceUnavailableError`. */
  static async open(folder: string, options: SessionOptions): Promise<GenerationModel> {
    const files = await readModelFolder(folder);
    return new GenerationModel(files, await openDecoders(files, options));
  }

  /**
   * Generates all samples of all prompts. A sequence's text depends on the model, the seed, its place and the sampling
   * only, not on what else is generated. A prompt with a character that the model does not know yields lines with an error.
   */
  async generate(task: GenerationTask): Promise<GenerationCounts> {
    const decoder = this.#decoders[task.sampling.window];
    return generateLines(this.#tokenizer, decoder, { ...task, yieldToEventLoop: eventLoopYield(task.signal) });
  }

  /** About what it takes while it is open and all its threads decode: its files' bytes, for each thread and once more. */
  get sizeBytes(): number {
    return this.#decoders.copies * this.manifest.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  /** Ends its threads, and generations that are under way. */
  async close(): Promise<void> {
    await this.#decoders.close();
  }
}
