import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type TestDatabase, testDatabase } from '@markco/testing/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tokenCreate, userCreate, workerToken } from './admin.ts';
import { sha256Hex } from './auth/hash.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

describe('markco admin', () => {
  it('makes persons once, and tokens for them by address', async () => {
    const user = await userCreate(database.db, { email: 'Ada@Example.org', name: 'Ada' });
    expect(user.email).toBe('ada@example.org');
    await expect(userCreate(database.db, { email: 'ada@example.org' })).rejects.toThrow('already a person');
    await expect(userCreate(database.db, { email: 'nobody' })).rejects.toThrow('not an e-mail address');
    const token = await tokenCreate(database.db, { user: 'ada@example.org', name: 'script' });
    expect(await database.db.accessToken.findUnique({ where: { tokenHash: sha256Hex(token) } })).toMatchObject({
      userId: user.id,
      scope: 'user',
    });
    await expect(tokenCreate(database.db, { user: 'eve@example.org', name: 'x' })).rejects.toThrow('not found');
  });

  it('replaces the credential of cloud workers (AG6)', async () => {
    const [first, second] = [await workerToken(database.db), await workerToken(database.db)];
    const row = (token: string) =>
      database.db.accessToken.findUniqueOrThrow({ where: { tokenHash: sha256Hex(token) }, include: { user: true } });
    expect((await row(first)).revokedAt).not.toBeNull();
    expect(await row(second)).toMatchObject({ revokedAt: null, scope: 'worker', user: { kind: 'service' } });
  });

  it('runs from the command line, and explains itself where it cannot', async () => {
    const main = fileURLToPath(new URL('./admin-main.ts', import.meta.url));
    const run = (...args: string[]) =>
      promisify(execFile)(process.execPath, ['--import', 'tsx', main, ...args], { env: { ...process.env, DATABASE_URL: database.url } });
    expect((await run('user', 'create', 'bob@example.org')).stdout).toContain('bob@example.org');
    expect((await run('flags')).stdout).toContain('No overrides.');
    await expect(run('nonsense')).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('markco admin user create') });
  });
});
