import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStaticScripts } from './static-scripts.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'markco-static-'));
  mkdirSync(join(dir, '.next/static/chunks'), { recursive: true });
  writeFileSync(join(dir, '.next/static/chunks/a-1.js'), 'hello()');
  writeFileSync(join(dir, '.next/secret.js'), 'secret');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function get(url: string, encoding = 'gzip, br') {
  let body: Buffer | null = null;
  const res = { writeHead: () => res, end: (bytes: Buffer) => (body = bytes) } as unknown as ServerResponse;
  const served = await createStaticScripts(dir)(
    { url, method: 'GET', headers: { 'accept-encoding': encoding } } as unknown as IncomingMessage,
    res,
  );
  return { served, body: body as Buffer | null };
}

describe('createStaticScripts (WB9)', () => {
  it('serves a script in Brotli', async () => {
    const { served, body } = await get('/_next/static/chunks/a-1.js');
    expect(served).toBe(true);
    expect(brotliDecompressSync(body!).toString()).toBe('hello()');
  });

  it.each([
    '/_next/static/../secret.js',
    '/_next/static/%2e%2e/secret.js',
    '/_next/static/chunks/..%2f..%2fsecret.js',
    '/_next/static/chunks/b.js',
    '/secret.js',
  ])('leaves %s to others', async (url) => expect((await get(url)).served).toBe(false));

  it('leaves browsers without Brotli to others', async () => {
    expect((await get('/_next/static/chunks/a-1.js', 'gzip')).served).toBe(false);
  });
});
