import { CharacterTokenizer } from '@glyphmill/data';
import { expect, test } from 'vitest';
import { randomModel, VOCABULARY } from '../decoding/decoding-model.fixture.js';
import { definitionOf } from '../kinds/definition-of.js';
import { checkDecodingParity } from './decoding-parity.js';
import { ParityError } from './parity.js';

const tokenizer = CharacterTokenizer.fromText(
  String.fromCodePoint(...Array.from({ length: VOCABULARY }, (_, id) => 65 + id)),
);

test.each([
  { kind: 'attention', nEmbd: 16, blockSize: 1 },
  { kind: 'attention', nEmbd: 16, blockSize: 9 },
  { kind: 'gpt', nEmbd: 16, nHead: 2, nLayer: 2, blockSize: 70, bias: true },
])('the decoding graph of a $kind with a block of $blockSize has the logits of the portable one', async (given) => {
  const { model, weights } = randomModel(given);
  const definition = definitionOf(model);
  const graphs = { onnx: definition.onnx(weights), decodingOnnx: definition.decodingOnnx(weights)! };
  await expect(checkDecodingParity({ model, tokenizer }, graphs)).resolves.toBeUndefined();
});

test.each(['attn.c_attn.weight', 'wpe.weight', 'lm_head.weight'])(
  'a decoding graph with another %s is not published',
  async (name) => {
    const { model, weights } = randomModel({ kind: 'multi-head', nEmbd: 16, nHead: 2, blockSize: 40 });
    const { shape, values } = weights.get(name)!;
    const changed = new Map([...weights, [name, { shape, values: values.map((value) => value * 1.001) }]]);
    const definition = definitionOf(model);
    const graphs = { onnx: definition.onnx(weights), decodingOnnx: definition.decodingOnnx(changed)! };
    await expect(checkDecodingParity({ model, tokenizer }, graphs)).rejects.toThrow(ParityError);
  },
);
