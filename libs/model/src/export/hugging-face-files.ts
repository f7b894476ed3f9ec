import { definitionOf } from '../kinds/definition-of.js';
import { newTokensUnasked } from '../kinds/gpt/gpt2-folder.js';
import type { TrainedModel } from '../training/trained-model.js';

/** No model here needs a limit of the tokenizer's; without one Hugging Face's libraries warn of long texts. */
const NO_LENGTH_LIMIT = 1_000_000_000;

/** The JSON files by which Hugging Face's libraries open the folder, by name. */
export function huggingFaceFiles({ model, tokenizer }: TrainedModel): Record<string, object> {
  // Only a gpt opens in those libraries as it is; its graph knows the id that follows the vocabulary's.
  const padding = model.kind === 'gpt';
  return {
    'config.json': definitionOf(model).huggingFaceConfig(tokenizer.vocabularySize),
    'tokenizer.json': tokenizer.toHuggingFace({ padding }),
    'tokenizer_config.json': {
      // Without this file, or with another class, newlines are lost.
      tokenizer_class: 'PreTrainedTokenizerFast',
      clean_up_tokenization_spaces: false,
      model_max_length: NO_LENGTH_LIMIT,
      // Transformers 4 would add token_type_ids, which its GPT-2 embeds as if they were tokens.
      model_input_names: ['input_ids', 'attention_mask'],
      ...(padding && { pad_token: tokenizer.padding, padding_side: 'left' }),
    },
    'generation_config.json': {
      do_sample: true,
      temperature: 1,
      top_k: 0,
      top_p: 1,
      // No max_length: beside a caller's max_new_tokens Transformers 5 warns of it at each call.
      max_new_tokens: newTokensUnasked(model.blockSize),
      bos_token_id: null,
      eos_token_id: null,
      pad_token_id: padding ? tokenizer.vocabularySize : null,
    },
  };
}
