import { type ModelManifest, modelManifest } from '@glyphmill/model/config';
import { z } from 'zod';
import { damagedItem } from './damaged-item.js';
import { pageOf } from './page.js';

/** A model as its users see it is the manifest of its folder; one whose manifest is damaged is marked. */
export const modelPage = pageOf(z.union([modelManifest, damagedItem]));

export { type ModelManifest, modelManifest };
