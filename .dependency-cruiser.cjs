/**
 * The dependency law: arrows point down only. apps -> api, agent, editor -> sync -> db -> core.
 * See docs/architecture.md for the reasons behind each line.
 */
const TESTS = '\\.(test|contract)\\.tsx?$|/test-support/|/test-[a-z-]+\\.tsx?$|-test-kit\\.ts$|/testing/';

const only = (from, allowed) => ({
  name: `${from.replace('/', '-')}-imports-only-what-it-may`,
  comment: `${from} may import ${allowed.length ? allowed.join(', ') : 'no other package'}`,
  severity: 'error',
  from: { path: `^${from}/`, pathNot: TESTS },
  to: { path: '^(packages|apps)/', pathNot: [`^${from}/`, ...allowed.map((name) => `^${name}/`)] },
});

module.exports = {
  forbidden: [
    only('packages/core', []),
    only('packages/db', ['packages/core']),
    only('packages/sync', ['packages/core', 'packages/db']),
    only('packages/api', ['packages/core', 'packages/db', 'packages/sync']),
    only('packages/agent', ['packages/core', 'packages/sync']),
    only('packages/editor', ['packages/core']),
    only('apps/web', ['packages/api', 'packages/editor', 'packages/sync', 'packages/db', 'packages/core']),
    only('apps/electron', ['packages/agent', 'packages/editor', 'packages/sync', 'packages/core']),
    {
      name: 'core-is-pure',
      comment: 'No IO, clock, environment, Node or DOM in core: only zod, yaml and diff.',
      severity: 'error',
      from: { path: '^packages/core/src', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer'], pathNot: 'node_modules/(zod|yaml|diff)/' },
    },
    {
      name: 'only-the-prisma-store-and-main-know-the-database',
      comment: 'The relay, its client and the file store must run on a desktop without Postgres.',
      severity: 'error',
      from: {
        path: '^packages/sync/src',
        pathNot:
          '^packages/sync/src/(main|env|sidecar/|store/prisma|store/mode|store/seed|store/test-rows)|\\.test\\.ts$|\\.contract\\.ts$',
      },
      to: { path: '^packages/db/' },
    },
    {
      name: 'testing-is-for-tests',
      severity: 'error',
      from: { path: '^(packages|apps)/', pathNot: `^packages/testing/|${TESTS}` },
      to: { path: '^packages/testing/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    {
      name: 'resolvable',
      severity: 'error',
      from: { pathNot: '^packages/db/src/generated|next-env' },
      to: { couldNotResolve: true, pathNot: '^(electron|\\./index\\.ts)$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(\\.next|dist|generated)/|\\.css$' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};
