import { definitionOf } from '../kinds/definition-of.js';
import type { TrainedModel } from '../training/trained-model.js';

/** No model here needs a limit of the tokenizer's; without one Hugging Face's libraries warn of long texts. */
const NO_LENGTH_LIMIT = 1_000_000_000;

/** The JSON files by which Hugging Face's libraries open the folder, by name. */
export function huggingFaceFiles({ model, tokenizer }: TrainedModel): Record<string, object> {
  return {
    'config.json': definitionOf(model).huggingFaceConfig(tokenizer.vocabularySize),
    'tokenizer.json': tokenizer.toHuggingFace(),
    'tokenizer_config.json': {
      // Without this file, or with another class, newlines are lost.
      tokenizer_class: 'PreTrainedTokenizerFast',
      clean_up_tokenization_spaces: false,
      model_max_length: NO_LENGTH_LIMIT,
    },
    'generation_config.json': {
      do_sample: true,
      temperature: 1,
      top_k: 0,
      top_p: 1,
      // With the prompt: those libraries do not slide the block on, and a position beyond it is an error.
      max_length: model.blockSize,
      bos_token_id: null,
      eos_token_id: null,
      pad_token_id: null,
    },
  };
}
