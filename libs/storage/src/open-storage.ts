import { fileURLToPath } from 'node:url';
import { StorageError } from './errors.js';
import { FolderStorage } from './folder/folder-storage.js';
import type { Storage } from './storage.js';

/** How a store is opened. */
export interface OpenOptions {
  /** Whether the place is for this user alone; it is closed to others then. */
  isPrivate?: boolean;
}

/** The drivers, by the scheme of the addresses that they open. A new one is a folder beside `folder/`, and a line here. */
const DRIVERS: ReadonlyMap<string, (address: URL, options: OpenOptions) => Promise<Storage>> = new Map([
  ['file:', (address: URL, options: OpenOptions) => FolderStorage.open(fileURLToPath(address), options)],
]);

/** `unknown_storage`: no driver opens such an address. The address is not quoted, for it may carry a key. */
export class UnknownStorageError extends StorageError {
  constructor() {
    const known = [...DRIVERS.keys()].map((scheme) => `${scheme}//…`).join(', ');
    super('unknown_storage', `No storage is opened by such an address; give one of ${known}.`);
  }
}

/**
 * Opens the artifact store at an address, such as `file:///srv/mill`, which is made if it does not exist.
 * Throws {@link UnknownStorageError} and `StorageUnavailableError`.
 */
export async function openStorage(address: URL | string, options: OpenOptions = {}): Promise<Storage> {
  const url = URL.parse(String(address));
  const open = url && DRIVERS.get(url.protocol);
  if (!open) throw new UnknownStorageError();
  return await open(url, options);
}
