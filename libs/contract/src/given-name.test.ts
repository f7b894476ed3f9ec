import { expect, test } from 'vitest';
import { givenName } from './given-name.js';

test.each(['Der Wal 🐋', 'کتاب\u200cها', '👩\u200d👩\u200d👧', 'ä'.repeat(200), '🐋'.repeat(200), '<b>&"\'', 'ａ'])(
  'the name %j is taken as it is',
  (name) => {
    expect(givenName.parse(name)).toBe(name);
  },
);

test('spaces around a name are left out', () => {
  expect(givenName.parse('  a whale\t')).toBe('a whale');
});

test.each([
  '',
  ' \u00a0\u3000',
  'two\nlines',
  'a\u0000b',
  'a\u0085b',
  'a\u2028b',
  'turned \u202e round',
  'isolated \u2066 text',
  'a\u061cb',
  'zero\u200bwidth',
  'soft\u00adhyphen',
  'a\ufeffb',
  'half \ud83d',
  '🐋'.repeat(201),
  7,
])('the name %j is refused with the rule', (name) => {
  const { error } = givenName.safeParse(name);
  expect(error?.issues).toMatchObject([
    {
      message: expect.stringMatching(/^(?:a name is one line of 1 to 200 characters|Invalid input: expected string)/u),
    },
  ]);
});
