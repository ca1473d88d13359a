import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SESSION, effectiveSession, parseMrmdConfig } from './mrmd-config.ts';
import { BUILT_IN_EXCLUDES, isBuiltInExcluded, isDocumentFile } from './scope.ts';

const block = (yaml: string, info = 'yaml config') => `\`\`\`${info}\n${yaml}\n\`\`\`\n`;

describe('parseMrmdConfig', () => {
  it('has defaults for everything', () => {
    expect(parseMrmdConfig('')).toEqual({
      config: { session: { python: DEFAULT_SESSION }, nav: { order: [] }, assets: { directory: '_assets' } },
      problems: [],
    });
  });

  it('merges its config blocks deeply, in order, and no other block', () => {
    const text = `# Project\n${block('name: One\nsession:\n  python:\n    venv: ../env\n    cwd: src')}text\n${block('name: Never', 'yaml')}${block(
      'name: Two\nsession:\n  python:\n    cwd: lib\n    auto_start: false\nnav:\n  order: [b, a]\nassets:\n  directory: ./media/',
    )}`;
    expect(parseMrmdConfig(text)).toEqual({
      config: {
        name: 'Two',
        session: { python: { venv: '../env', cwd: 'lib', name: 'default', autoStart: false } },
        nav: { order: ['b', 'a'] },
        assets: { directory: 'media' },
      },
      problems: [],
    });
  });

  it('leaves what is wrong at its default and says so', () => {
    const { config, problems } = parseMrmdConfig(
      block('name: [1]\nsession:\n  python:\n    auto_start: maybe\n  r: 1\nnav:\n  order: x\nassets:\n  directory: ../out') +
        block('a: [') +
        block('- list'),
    );
    expect(config).toEqual(parseMrmdConfig('').config);
    expect(problems).toHaveLength(7);
  });

  it('does not let a key reach the prototype', () => {
    parseMrmdConfig(
      block('__proto__:\n  polluted: 1\nsession:\n  __proto__:\n    polluted: 1\n  constructor:\n    prototype:\n      polluted: 1'),
    );
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('never throws', () => {
    const part = fc.constantFrom(
      '```yaml config\n',
      '```\n',
      'a: &a [*a, *a]\n',
      'b: *b\n',
      'session: ',
      '{',
      ']\n',
      '!!js x\n',
      '? ',
      '\t',
      ': \n',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(part).map((parts) => parts.join('')),
        ),
        (text) => {
          const { config } = parseMrmdConfig(text);
          expect(config.session.python.venv).toEqual(expect.any(String));
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('effectiveSession', () => {
  const { config } = parseMrmdConfig(block('session:\n  python:\n    venv: env\n    cwd: src'));
  it('the document wins, the rest is kept', () => {
    expect(effectiveSession(config, { session: { python: { cwd: '../data', name: 'heavy' } } })).toEqual({
      venv: 'env',
      cwd: '../data',
      name: 'heavy',
      autoStart: true,
    });
    expect(effectiveSession(config, { session: 'x' })).toEqual(config.session.python);
    expect(effectiveSession(config, {}, 'toString')).toEqual(DEFAULT_SESSION);
  });
});

describe('scope', () => {
  it('FB2: documents are .md and .qmd; built-in exclusions hold in any folder', () => {
    expect(['a.md', 'a/b.qmd', 'A.MD'].every(isDocumentFile)).toBe(true);
    expect(['.md', 'a/.md', 'a.mdx', 'md', 'a.py'].some(isDocumentFile)).toBe(false);
    for (const name of BUILT_IN_EXCLUDES) expect(isBuiltInExcluded(`a/${name.replace('*', '.local')}/b.md`), name).toBe(true);
    expect(isBuiltInExcluded('a/environment.md')).toBe(false);
  });
});
