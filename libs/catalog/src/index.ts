export { ArtifactKeys } from './artifact-keys.js';
export { Catalog } from './catalog.js';
export { type Collection, NotInCatalogError } from './collection.js';
export { Datasets } from './datasets.js';
export type { JobFolder } from './job-folders.js';
export { splitLines, TooManyLinesError } from './line-index.js';
export type { ModelFile, Models } from './models.js';
export { orDamaged } from './or-damaged.js';
export { NotJsonLinesError, PromptFiles } from './prompt-files.js';
