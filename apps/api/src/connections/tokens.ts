/** What Nest injects the parsed {@link import('../config.js').ApiConfig} by. */
export const CONFIG = Symbol('ApiConfig');

/** What Nest injects the artifact store by; `Storage` is an interface and has no value of its own. */
export const STORAGE = Symbol('Storage');

/** What Nest injects the connection to Redis by. */
export const REDIS = Symbol('Redis');
