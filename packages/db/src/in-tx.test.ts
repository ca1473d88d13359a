import { type TestDatabase, testDatabase } from '@markco/testing/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inTx, isUniqueViolation } from './in-tx.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

describe('inTx', () => {
  it('runs hooks after the commit, in order, and never after a rollback', async () => {
    const calls: string[] = [];
    await inTx(database.db, async (tx) => {
      tx.afterCommit(() => calls.push('one'));
      tx.afterCommit(() => {
        throw new Error('the bus is away');
      });
      tx.afterCommit(() => calls.push('two'));
      await tx.user.create({ data: { name: 'A' } });
      calls.push('inside');
    });
    expect(calls).toEqual(['inside', 'one', 'two']);
    const failing = inTx(database.db, async (tx) => {
      tx.afterCommit(() => calls.push('never'));
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(calls).not.toContain('never');
  });

  it('tries serialization failures again, through the query builder and raw queries', async () => {
    for (const raw of [false, true]) {
      const user = await database.db.user.create({ data: { name: '0' } });
      const increment = () =>
        inTx(
          database.db,
          async (tx) => {
            const row = await tx.user.findUniqueOrThrow({ where: { id: user.id } });
            const name = String(Number(row.name) + 1);
            if (raw) await tx.$executeRaw`UPDATE users SET name = ${name} WHERE id = ${user.id}::uuid`;
            else await tx.user.update({ where: { id: user.id }, data: { name } });
          },
          { isolation: 'RepeatableRead' },
        );
      await Promise.all([increment(), increment(), increment()]);
      expect((await database.db.user.findUniqueOrThrow({ where: { id: user.id } })).name).toBe('3');
    }
  });

  it('recognises a unique violation from both kinds of query', async () => {
    const user = await database.db.user.create({ data: { email: 'a@example.org' } });
    const built = await database.db.user.create({ data: { email: 'a@example.org' } }).catch((error) => error);
    const raw = await database.db.$executeRaw`INSERT INTO users (id, updated_at) VALUES (${user.id}::uuid, now())`.catch((error) => error);
    expect([isUniqueViolation(built), isUniqueViolation(raw)]).toEqual([true, true]);
  });
});
