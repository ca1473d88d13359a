import { describe, expect, it } from 'vitest';
import { isLoopbackAddress, isLoopbackHost, isOwnOrigin } from './origin.ts';

describe('where a request comes from (SE2)', () => {
  it.each([
    [{ origin: 'https://markco.example' }, true],
    [{ origin: 'https://markco.example.evil.example', host: 'markco.example' }, false],
    [{ origin: 'http://10.0.0.5:3000', host: '10.0.0.5:3000' }, true],
    [{ origin: 'http://10.0.0.5:3001', host: '10.0.0.5:3000' }, false],
    [{ origin: 'null', host: 'markco.example' }, false],
    [{ host: 'markco.example' }, false],
  ])('%j → %s', (headers, own) => {
    expect(isOwnOrigin(headers, 'https://markco.example')).toBe(own);
  });

  it('knows this computer by its own names only, so that a page that merely resolves here is another site', () => {
    expect(['localhost:3000', '127.0.0.1', '[::1]:3000', 'LOCALHOST'].every(isLoopbackHost)).toBe(true);
    expect(['evil.example:3000', 'localhost.evil.example', '127.0.0.1.nip.io', undefined].some(isLoopbackHost)).toBe(false);
    expect(['127.0.0.1', '::1', '::ffff:127.0.0.1'].every(isLoopbackAddress)).toBe(true);
    expect(['10.0.0.1', '::ffff:10.0.0.1', undefined].some(isLoopbackAddress)).toBe(false);
  });
});
