export { alphabetDifference } from './alphabet-difference.js';
export { BatchSampler, type Batch, type BatchSamplerOptions } from './batch-sampler.js';
export { CharacterTokenizer } from './character-tokenizer.js';
export {
  DatasetError,
  EmptyTextError,
  InvalidUtf8Error,
  TextTooShortError,
  TextTooUniformError,
  TokenizerFormatError,
  UnknownCharacterError,
  UnknownTokenError,
} from './errors.js';
export { type HuggingFaceTokenizer } from './hugging-face.js';
export { RandomStream, type RandomStreamState } from './random-stream.js';
export { splitTokens } from './split.js';
export { inspectText, type TextInspection } from './text-inspection.js';
export { compactTokens, type TokenArray } from './token-array.js';
export { checkTrainable } from './trainability.js';
