import type { CharacterTokenizer } from '@glyphmill/data';
import type { ModelManifest, OutputLine, SamplingConfig } from '../config/index.js';
import { LanguageModelSession, type SessionOptions } from '../onnx/language-model-session.js';
import { Breath } from '../sampling/breath.js';
import type { Decoder } from '../sampling/decoder.js';
import { openDecoder } from './open-decoder.js';
import { readModelFolder } from './model-folder.js';
import { writeLines, type GenerationCounts, type Prompt } from './write-lines.js';

export interface GenerationTask {
  prompts: readonly Prompt[];
  sampling: SamplingConfig;
  /** Ends the generation within milliseconds; `generate` then throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** A line for each sample of each prompt, in their order; the next is not given before this has returned. */
  onSequence: (line: OutputLine) => void | Promise<void>;
  /** About ten times a second, and at the end. */
  onProgress?: ((counts: GenerationCounts) => void) | undefined;
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
  readonly #session: LanguageModelSession;
  readonly #decoder: Decoder;

  private constructor(
    manifest: ModelManifest,
    tokenizer: CharacterTokenizer,
    session: LanguageModelSession,
    decoder: Decoder,
  ) {
    this.manifest = manifest;
    this.#tokenizer = tokenizer;
    this.#session = session;
    this.#decoder = decoder;
  }

  /** Throws `ModelFolderError`, `DeviceUnavailableError`. */
  static async open(folder: string, options: SessionOptions): Promise<GenerationModel> {
    const { manifest, tokenizer, onnx } = await readModelFolder(folder);
    const session = await LanguageModelSession.open(onnx, options);
    return new GenerationModel(manifest, tokenizer, session, await openDecoder(manifest, session));
  }

  /**
   * Generates all samples of all prompts. A sequence's text depends on the model, the seed and its place only, not on
   * what else is generated. A prompt with a character that the model does not know gives lines with an error.
   */
  async generate(task: GenerationTask): Promise<GenerationCounts> {
    const breath = new Breath(task.signal);
    return writeLines(this.#tokenizer, this.#decoder, { ...task, breathe: breath.take });
  }

  async close(): Promise<void> {
    await this.#session.close();
  }
}
