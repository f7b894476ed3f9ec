export type { Report } from './cache-entry.ts';
export { CHECKOUT, installedPackage } from './checkout.ts';
export { runCommand } from './command.ts';
export { setUpHuggingFace } from './hugging-face.ts';
export { findPython } from './python.ts';
export { setUpRuntimes } from './set-up-runtimes.ts';
export { SetupError } from './setup-error.ts';
