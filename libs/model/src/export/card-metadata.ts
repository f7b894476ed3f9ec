import type { TrainedModel } from '../training/trained-model.js';
import type { ModelAbout } from './model-about.js';

/**
 * The YAML at the head of a model card, as Hugging Face's Hub reads it. What nobody said is marked as such: the licence is
 * `unknown` and the language `und`, ISO 639's code for one that was not determined.
 */
export function cardMetadata(
  { model, trainLoss, validationLoss, bitsPerByte }: TrainedModel,
  about: ModelAbout,
): string {
  const { dataset, name } = about;
  const result = (split: string, metrics: [type: string, name: string, value: number][]) => `\
      - task:
          type: text-generation
        dataset:
          name: ${yamlString(dataset.name)}
          type: ${yamlString(dataset.id)}
          split: ${split}
        metrics:
${metrics.map(([type, title, value]) => metric(type, title, value)).join('\n')}`;
  return `---
library_name: ${model.kind === 'gpt' ? 'transformers' : 'onnx'}
pipeline_tag: text-generation
license: unknown
language: und
datasets:
  - ${yamlString(dataset.id)}
tags:
  - glyphmill
  - character-level
  - ${model.kind}
model-index:
  - name: ${yamlString(name)}
    results:
${result('train', [['loss', 'Loss, nats per character', trainLoss]])}
${result('validation', [
  ['loss', 'Loss, nats per character', validationLoss],
  ['bits_per_byte', 'Bits per byte', bitsPerByte],
])}
---
`;
}

function metric(type: string, name: string, value: number): string {
  return `\
          - type: ${type}
            name: ${yamlString(name)}
            value: ${value}`;
}

/** In double quotes, where YAML knows JSON's escapes; what its readers take for no text or a line's end is escaped too. */
function yamlString(text: string): string {
  return JSON.stringify(text).replaceAll(/[\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Zl}\p{Zp}]/gu, (character) => {
    const hexadecimal = character.codePointAt(0)!.toString(16);
    return hexadecimal.length > 4 ? `\\U${hexadecimal.padStart(8, '0')}` : `\\u${hexadecimal.padStart(4, '0')}`;
  });
}
