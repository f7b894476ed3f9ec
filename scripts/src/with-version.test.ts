import { expect, test } from 'vitest';

import { withVersion } from './with-version.ts';

test('a version is set for a package and for what it needs of this project, in place and nowhere else', () => {
  const manifest = { name: '@glyphmill/x', version: '0.1.0', dependencies: { '@glyphmill/y': '0.1.0', zod: '0.1.0' } };
  expect(JSON.stringify(withVersion(manifest, '0.2.0'))).toBe(
    '{"name":"@glyphmill/x","version":"0.2.0","dependencies":{"@glyphmill/y":"0.2.0","zod":"0.1.0"}}',
  );
});
