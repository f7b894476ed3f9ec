/**
 * Lets threads and processes that tests start run the TypeScript sources as they are, without a build: preloaded with
 * `--import`. What is built imports what is built.
 */
import { registerHooks } from 'node:module';

const SOURCE_CONDITION = 'glyphmill-source';

registerHooks({
  resolve(specifier, context, next) {
    const fromSource = context.parentURL?.endsWith('.ts') === true;
    const conditions = fromSource ? [...context.conditions, SOURCE_CONDITION] : context.conditions;
    try {
      return next(specifier, { ...context, conditions });
    } catch (error) {
      // Imports say `.js`, as what is built needs; the source beside them is `.ts`.
      if (!/^(?:\.|file:).*\.js$/u.test(specifier)) throw error;
      try {
        return next(specifier.replace(/\.js$/u, '.ts'), { ...context, conditions });
      } catch {
        throw error;
      }
    }
  },
});
