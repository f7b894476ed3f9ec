import { modelManifest } from '@glyphmill/model/config';
import { pageOf } from '../paging/page.js';

/** A model as its users see it is the manifest of its folder. */
export const modelPage = pageOf(modelManifest);
