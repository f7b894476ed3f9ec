export { createApp } from './app.js';
export { type ApiConfig, ConfigError, readConfig } from './config.js';
