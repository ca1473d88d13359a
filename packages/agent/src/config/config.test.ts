import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoredCredentials } from './credential-store.ts';
import { fileCredentialStore, openCredentials } from './credentials.ts';
import { prepareDataDir } from './data-dir.ts';
import { readEnv } from './env.ts';
import { AlreadyRunningError, lockHolder, takeInstanceLock } from './instance-lock.ts';
import { SettingsFile } from './settings.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'markco-config-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const tokens: StoredCredentials = {
  accessToken: 'a',
  refreshToken: 'r',
  expiresIn: 600,
  deviceId: '0b8f6f0e-5f0c-4f0e-8f0e-0b8f6f0e5f0c',
  userId: '1b8f6f0e-5f0c-4f0e-8f0e-0b8f6f0e5f0c',
  userName: 'Ada',
};

describe('data folder', () => {
  it('is private to the person', async () => {
    const dir = await prepareDataDir(path.join(root, 'a', 'b'));
    expect((await stat(dir.root)).mode & 0o777).toBe(0o700);
    expect((await stat(dir.journal)).isDirectory()).toBe(true);
  });

  it('says what to do where it cannot be made', async () => {
    await writeFile(path.join(root, 'file'), '');
    await expect(prepareDataDir(path.join(root, 'file'))).rejects.toThrow(/MARKCO_AGENT_DIR/);
  });
});

describe('environment', () => {
  it('names the wrong variable', () => {
    expect(() => readEnv({ MARKCO_SERVER: 'ftp://x' })).toThrow(/MARKCO_SERVER must start with http/);
  });

  it('has defaults and takes empty as absent', () => {
    expect(readEnv({ MARKCO_SERVER: '' })).toMatchObject({ MARKCO_KEYRING: 'auto', LOG_LEVEL: 'info' });
    expect(readEnv({ MARKCO_SERVER: '' }).MARKCO_SERVER).toBeUndefined();
  });
});

describe('settings', () => {
  it('has defaults without a file and keeps concurrent changes', async () => {
    const settings = new SettingsFile(path.join(root, 'settings.json'));
    expect(await settings.read()).toMatchObject({ allowRuns: true, folders: [] });
    await Promise.all(
      ['a', 'b', 'c'].map((name) => settings.update((s) => ({ ...s, folders: [...s.folders, { root: `/${name}`, paused: false }] }))),
    );
    expect((await settings.read()).folders.map((f) => f.root)).toEqual(['/a', '/b', '/c']);
    expect((await readdir(root)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('refuses to overwrite a file it does not understand', async () => {
    const file = path.join(root, 'settings.json');
    await writeFile(file, '{ not json');
    await expect(new SettingsFile(file).update((s) => ({ ...s, allowRuns: false }))).rejects.toThrow(/settings file/);
    expect(await readFile(file, 'utf8')).toBe('{ not json');
  });

  it('tells a running agent of a change by another process', async () => {
    const mine = new SettingsFile(path.join(root, 'settings.json'));
    await mine.update((s) => ({ ...s, allowRuns: true, deviceName: 'x' }));
    let stop = () => {};
    const changed = new Promise<boolean>((resolve, reject) => {
      stop = mine.watch((s) => s.allowRuns === false && resolve(true), reject);
    });
    await new SettingsFile(mine.file).update((s) => ({ ...s, allowRuns: false }));
    expect(await changed).toBe(true);
    stop();
  });
});

describe('credentials', () => {
  it('EL2 are kept in a 0600 file without a keyring', async () => {
    const file = path.join(root, 'credentials.json');
    const store = await openCredentials({ file, keyring: 'off' });
    expect(await store.load()).toBeNull();
    await store.save(tokens);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await fileCredentialStore(file).load()).toEqual(tokens);
    await store.clear();
    expect(await store.load()).toBeNull();
  });

  it('a file named by the supervisor wins and a broken one means "sign in"', async () => {
    const given = path.join(root, 'given.json');
    await writeFile(given, JSON.stringify(tokens));
    const store = await openCredentials({ file: path.join(root, 'other.json'), given, keyring: 'auto' });
    expect((await store.load())?.userName).toBe('Ada');
    await writeFile(given, '{"accessToken":');
    expect(await store.load()).toBeNull();
  });
});

describe('instance lock', () => {
  it('lets one agent in and says who holds it', async () => {
    const file = path.join(root, 'agent.lock');
    const lock = await takeInstanceLock(file);
    await expect(takeInstanceLock(file)).rejects.toThrow(AlreadyRunningError);
    expect(await lockHolder(file)).toBe(process.pid);
    await lock.release();
    await (await takeInstanceLock(file)).release();
    expect(await readdir(root)).toEqual([]);
  });

  it.each([
    ['a process that is gone', JSON.stringify({ pid: 2 ** 22 + 12345, started: '1', token: 'x' })],
    ['a number given to another process', JSON.stringify({ pid: process.pid, started: 'other', token: 'x' })],
    ['rubbish', 'rubbish'],
  ])('takes over the lock of %s', async (_name, content) => {
    if (process.platform !== 'linux' && content.includes('other')) return;
    const file = path.join(root, 'agent.lock');
    await writeFile(file, content);
    const lock = await takeInstanceLock(file);
    await lock.release();
  });

  it('lets exactly one of many starters take over a stale lock', async () => {
    const file = path.join(root, 'agent.lock');
    await writeFile(file, 'stale');
    const results = await Promise.allSettled(Array.from({ length: 12 }, () => takeInstanceLock(file)));
    expect(results.filter((r) => r.status === 'fulfilled')).toHaveLength(1);
  });
});
