import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadSecret } from './secret.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'markco-secret-'));
});
afterAll(() => rm(dir, { recursive: true }));

it('makes the secret once, readable by its owner alone, and prefers the one that was given', async () => {
  const made = loadSecret(undefined, join(dir, 'new'));
  expect(made.length).toBeGreaterThanOrEqual(32);
  expect(loadSecret(undefined, join(dir, 'new'))).toEqual(made);
  expect((await stat(join(dir, 'new/secret'))).mode & 0o777).toBe(0o600);
  expect(new TextDecoder().decode(loadSecret('given', dir))).toBe('given');
});
