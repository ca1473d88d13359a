import { describe, expect, it } from 'vitest';
import { readWebEnv } from './env.ts';

const DATABASE_URL = 'postgres://a:b@localhost/markco';

describe('readWebEnv (OP1)', () => {
  it('fills in what is not given', () => {
    expect(readWebEnv({ DATABASE_URL }).SYNC_RELAY_URL).toBe('http://127.0.0.1:3006');
  });

  it('names what is wrong', () => {
    expect(() => readWebEnv({ DATABASE_URL, SYNC_RELAY_URL: 'nowhere' })).toThrow(/SYNC_RELAY_URL/);
    expect(() => readWebEnv({ DATABASE_URL, SYNC_MODE: 'magic' })).toThrow(/legacy, mirror, relay_primary/);
  });
});
