import { expect, test } from 'vitest';
import { publicMessage } from './public-message.js';

test.each([
  [
    "ENOENT: no such file or directory, open '/srv/my mill/datasets/fox/content'",
    "ENOENT: no such file or directory, open 'content'",
  ],
  ['rename "/srv/a/b" -> "/srv/c/d"', 'rename "b" -> "d"'],
  ['    at run (file:///srv/mill/dist/engine.js:12:3)', '    at run (engine.js:12:3)'],
  ['    at /srv/mill/dist/engine.js:12:3', '    at engine.js:12:3'],
  [
    'Load model from /srv/mühle/m1/onnx/model.onnx failed: no such file',
    'Load model from model.onnx failed: no such file',
  ],
  ['cannot load /usr/lib/libcudart.so.12: not found', 'cannot load libcudart.so.12: not found'],
])('%j says no folder of the machine', (message, told) => {
  expect(publicMessage(message)).toBe(told);
});

test.each([
  ['datasets/fox/dataset.json is damaged'],
  ['at most 3/4 of the steps, and 1 / 2'],
  ['see https://example.org/a/b for more'],
  ['the file onnx/model.onnx is damaged: its sha256 is not the one in manifest.json'],
])('%j stays as it is', (message) => {
  expect(publicMessage(message)).toBe(message);
});
