/** A plugin of oxlint whose rule `rooms/imports` refuses every import that the list of rooms does not allow. */
import { posix, relative, sep } from 'node:path';

import type { RuleTester } from 'oxlint/plugins-dev';

import { type ImportKind, importRefusal } from './import-refusal.ts';

/** Oxlint exports this type under no name. */
export type Rule = Extract<Parameters<RuleTester['run']>[1], { create: unknown }>;
type Context = Parameters<Rule['create']>[0];
type Located = NonNullable<Parameters<Context['report']>[0]['node']>;

const imports: Rule = {
  create(context) {
    const file = relative(context.cwd, context.filename).split(sep).join(posix.sep);

    function check(module: Located | null | undefined, kind: ImportKind = 'import'): void {
      if (!module || !('value' in module) || typeof module.value !== 'string') return;
      const message = importRefusal(file, module.value, kind);
      if (message !== undefined) context.report({ node: module, message });
    }

    return {
      ImportDeclaration: ({ source }) => check(source),
      ExportNamedDeclaration: ({ source }) => check(source),
      ExportAllDeclaration: ({ source }) => check(source),
      ImportExpression: ({ source }) => check(source),
      TSImportType: ({ source }) => check(source),
      CallExpression({ callee, arguments: [module] }) {
        const isResolve =
          callee.type === 'MemberExpression' &&
          callee.object.type === 'MetaProperty' &&
          callee.property.type === 'Identifier' &&
          callee.property.name === 'resolve';
        if (isResolve) check(module, 'resolve');
      },
    };
  },
};

const plugin: { meta: { name: string }; rules: Record<string, Rule> } = { meta: { name: 'rooms' }, rules: { imports } };
export default plugin;
