export { ConfigError } from './config-error.js';
export { machineMemory, type MachineMemory } from './machine-memory.js';
export { readSettings } from './read-settings.js';
export { redisAddress, shownAddress } from './redis-address.js';
export { secret } from './secret.js';
export { storageAddress } from './storage-address.js';
