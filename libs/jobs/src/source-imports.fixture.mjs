import { registerHooks } from 'node:module';

// Imports say `.js`, as what is built needs; the source beside them is `.ts`.
registerHooks({
  resolve(specifier, context, next) {
    try {
      return next(specifier, context);
    } catch (error) {
      if (!specifier.startsWith('.') || !specifier.endsWith('.js')) throw error;
      return next(specifier.replace(/\.js$/u, '.ts'), context);
    }
  },
});
