import { readFileSync } from 'node:fs';
import { expect } from 'vitest';

/**
 * Before each test file: where a property test names a greatest length, fast-check draws up to it. By itself it keeps to some ten elements
 * whatever the length that is allowed, so that long histories would never be tried.
 */
const { testPath } = expect.getState();
// Most files have no property: they need not load it.
if (testPath && readFileSync(testPath, 'utf8').includes("from 'fast-check'")) {
  const { configureGlobal, readConfigureGlobal } = await import('fast-check');
  configureGlobal({ ...readConfigureGlobal(), defaultSizeToMaxWhenMaxSpecified: true });
}
