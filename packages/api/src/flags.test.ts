import { randomUUID } from 'node:crypto';
import { flagsSchema } from '@markco/core/flags';
import { resolveFlags } from '@markco/db/resolve-flags';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { flagsClear, flagsList, flagsSet } from './admin.ts';
import { as } from './test-support/call.ts';
import { type TestResources, testPerson, testResources } from './test-support/test-resources.ts';

const env = flagsSchema.parse({});
const row = (flag: string, value: string, userId: string | null = null, percent: number | null = null) => ({
  flag,
  value,
  userId,
  percent,
});

describe('OP1: flags', () => {
  it('lets a person’s override win over a share’s, and that over the environment', () => {
    const overrides = [row('ENABLE_CLOUD_FALLBACK', '0', null, 100), row('ENABLE_CLOUD_FALLBACK', '1', 'ada')];
    expect(resolveFlags(env, [], overrides, 'ada').ENABLE_CLOUD_FALLBACK).toBe(true);
    expect(resolveFlags(env, [], overrides, 'bob').ENABLE_CLOUD_FALLBACK).toBe(false);
    expect(resolveFlags(env, [], overrides, null).ENABLE_CLOUD_FALLBACK).toBe(false);
    expect(resolveFlags(env, ['ENABLE_CLOUD_FALLBACK'], overrides, 'bob').ENABLE_CLOUD_FALLBACK).toBe(true);
  });

  it('keeps the same people in a growing share, of the size that was asked for', () => {
    const people = Array.from({ length: 2000 }, () => randomUUID());
    const inShare = (percent: number) =>
      people.filter((id) => resolveFlags(env, [], [row('SYNC_MODE', 'mirror', null, percent)], id).SYNC_MODE === 'mirror');
    const [ten, half] = [inShare(10), inShare(50)];
    expect(ten.length).toBeGreaterThan(120);
    expect(ten.length).toBeLessThan(280);
    expect(ten.filter((id) => !half.includes(id))).toEqual([]);
    expect(inShare(0)).toEqual([]);
  });

  it('skips a value it does not know', () => {
    expect(resolveFlags(env, [], [row('SYNC_MODE', 'quantum', null, 100)], 'ada').SYNC_MODE).toBe('relay_primary');
  });
});

describe('markco admin flags', () => {
  let resources: TestResources;
  beforeAll(async () => {
    resources = await testResources();
  });
  afterAll(() => resources.drop());

  it('sets, lists and clears, in force once the bus says so, and tells the person in words', async () => {
    const ada = await testPerson(resources);
    await flagsSet(resources.db, { flag: 'ENABLE_CLOUD_FALLBACK', value: '0', user: ada.userId });
    await flagsSet(resources.db, { flag: 'ENABLE_CLOUD_FALLBACK', value: '0', user: ada.userId });
    await resources.bus.publish({ topic: 'flags.changed' });
    await vi.waitFor(() => expect(resources.flags.for(ada.userId).ENABLE_CLOUD_FALLBACK).toBe(false), 60_000);
    expect(resources.flags.global().ENABLE_CLOUD_FALLBACK).toBe(true);
    expect((await as(resources, ada).auth.me()).notices).toMatchObject([{ flag: 'ENABLE_CLOUD_FALLBACK' }]);
    expect(await flagsList(resources.db)).toHaveLength(1);
    await expect(flagsSet(resources.db, { flag: 'SYNC_MODE', value: 'both' })).rejects.toThrow(
      'SYNC_MODE is one of legacy, mirror, relay_primary.',
    );
    await expect(flagsSet(resources.db, { flag: 'NONE', value: '1' })).rejects.toThrow('There is no flag NONE');
    expect(await flagsClear(resources.db, { flag: 'ENABLE_CLOUD_FALLBACK' })).toBe(1);
  });
});
