import { describe, expect, it } from 'vitest';
import { readEnv } from './env.ts';

const DATABASE_URL = 'postgres://user@localhost/db';

describe('OP1: the environment', () => {
  it('has defaults for everything but the database', () => {
    expect(readEnv({ DATABASE_URL, PORT: '' })).toMatchObject({
      SYNC_MODE: 'relay_primary',
      ENABLE_CLOUD_FALLBACK: true,
      PORT: 3000,
      MARKCO_LOCAL_USER: false,
    });
    expect(readEnv({ DATABASE_URL, PUBLIC_URL: 'https://markco.example/', ENABLE_DEVICE_AGENT: '0' })).toMatchObject({
      PUBLIC_URL: 'https://markco.example',
      ENABLE_DEVICE_AGENT: false,
    });
  });

  it('refuses every wrong value at once, with what is allowed', () => {
    const read = () => readEnv({ SYNC_MODE: 'both', ENABLE_CLOUD_FALLBACK: 'true', MARKCO_SECRET: 'short', PUBLIC_URL: 'javascript:x' });
    expect(read).toThrow(/SYNC_MODE: must be one of legacy, mirror, relay_primary/);
    expect(read).toThrow(/ENABLE_CLOUD_FALLBACK: must be one of 0, 1/);
    expect(read).toThrow(/DATABASE_URL: is missing/);
    expect(read).toThrow(/MARKCO_SECRET: must have at least 32/);
    expect(read).toThrow(/PUBLIC_URL: /);
  });

  it('never repeats a value in its complaint, which may be a secret', () => {
    let message = '';
    try {
      readEnv({ DATABASE_URL: 'mysql://root:hunter2@x/y', LOG_LEVEL: 'hunter2' });
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toContain('DATABASE_URL: must be an address');
    expect(message).not.toContain('hunter2');
  });
});
