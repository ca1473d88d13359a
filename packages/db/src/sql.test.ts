import { Socket } from 'node:net';
import { type TestDatabase, testDatabase } from '@markco/testing/database';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { inTx } from './in-tx.ts';
import { createSql, type Sql, type SqlTx } from './sql.ts';

let database: TestDatabase;
let sql: Sql;
beforeAll(async () => {
  database = await testDatabase();
  sql = createSql({ connectionString: database.url, max: 4 });
  await sql.rows('CREATE TABLE notes (id int PRIMARY KEY, text text)');
});
beforeEach(() => sql.rows('TRUNCATE notes'));
afterAll(async () => {
  await sql.close();
  await database.drop();
});

const texts = async () => (await sql.rows<{ text: string }>('SELECT text FROM notes ORDER BY id')).map((row) => row.text);
const textsIn = (tx: SqlTx) => tx.rows('SELECT text FROM notes');
const insert = (tx: SqlTx, id: number, text: string) => tx.rows('INSERT INTO notes VALUES ($1, $2)', [id, text]);

describe('plain SQL', () => {
  it('gives and takes dates, big integers, JSON, arrays and null', async () => {
    const at = new Date('2026-11-22T12:34:56.789Z');
    const [row] = await sql.rows(
      'SELECT $1::timestamptz AS at, $2::int8 AS big, $3::jsonb AS json, $4::text[] AS list, $5::text AS nothing, count(*) AS count',
      [at, 2n ** 60n, JSON.stringify({ a: [1] }), ['x', 'y"', 'ü'], null],
    );
    expect(row).toEqual({ at, big: 2n ** 60n, json: { a: [1] }, list: ['x', 'y"', 'ü'], nothing: null, count: 1n });
  });

  it('commits what fn wrote, and only then runs the hooks, in order', async () => {
    const seen: unknown[] = [];
    const result = await sql.tx(async (tx) => {
      await insert(tx, 1, 'one');
      tx.afterCommit(async () => seen.push(await texts()));
      tx.afterCommit(() => seen.push('second'));
      return 7;
    });
    expect(result).toBe(7);
    expect(seen).toEqual([['one'], 'second']);
  });

  it('rolls back, forgets the hooks and passes the error on; the connection stays usable', async () => {
    const hook = { ran: false };
    for (let i = 0; i < 10; i++) {
      const failing = sql.tx(async (tx) => {
        await insert(tx, 1, 'one');
        tx.afterCommit(() => {
          hook.ran = true;
        });
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      await expect(sql.tx((tx) => tx.rows('SELECT nonsense'))).rejects.toMatchObject({ code: '42703' });
    }
    expect(hook.ran).toBe(false);
    expect(await texts()).toEqual([]);
  });

  it('answers statements that were sent together in order, each after those before it', async () => {
    const seen = await sql.tx((tx) =>
      Promise.all([
        insert(tx, 1, 'one'),
        tx.rows('SELECT text FROM notes'),
        insert(tx, 2, 'two'),
        tx.rows('SELECT text FROM notes ORDER BY id'),
      ]),
    );
    expect(seen).toEqual([[], [{ text: 'one' }], [], [{ text: 'one' }, { text: 'two' }]]);
  });

  it('sends what belongs together in one piece', async () => {
    await sql.tx((tx) => textsIn(tx));
    const port = Number(new URL(database.url).port);
    let pieces = 0;
    const count = (method: '_write' | '_writev') => {
      const real = Socket.prototype[method] as (...args: unknown[]) => void;
      return vi.spyOn(Socket.prototype, method).mockImplementation(function (this: Socket, ...args: unknown[]) {
        if (this.remotePort === port) pieces++;
        return real.apply(this, args);
      });
    };
    const spies = [count('_write'), count('_writev')];
    try {
      await sql.tx(async (tx) => {
        await Promise.all([textsIn(tx), textsIn(tx)]);
        tx.write('INSERT INTO notes VALUES ($1, $2)', [1, 'one']);
        tx.write('INSERT INTO notes VALUES ($1, $2)', [2, 'two']);
      });
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
    // BEGIN and both questions; both writes and COMMIT.
    expect(pieces).toBe(2);
    expect(await texts()).toEqual(['one', 'two']);
  });

  it('commits what nobody waited for, and fails with its error where it fails', async () => {
    const hook = { ran: false };
    const write = (tx: SqlTx, id: number) => tx.write('INSERT INTO notes VALUES ($1, $2)', [id, String(id)]);
    await sql.tx(async (tx) => {
      write(tx, 1);
      write(tx, 2);
    });
    expect(await texts()).toEqual(['1', '2']);
    for (const ask of [false, true]) {
      const failing = sql.tx(async (tx) => {
        tx.afterCommit(() => {
          hook.ran = true;
        });
        write(tx, 3);
        write(tx, 2);
        if (ask) await textsIn(tx);
      });
      await expect(failing).rejects.toMatchObject({ code: '23505' });
    }
    expect(hook.ran).toBe(false);
    expect(await texts()).toEqual(['1', '2']);
  });

  it('tries again where a write nobody waited for lost against another transaction', async () => {
    let tries = 0;
    await sql.tx(async (tx) => {
      if (++tries === 1) tx.write(`DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END $$`);
      await insert(tx, 1, 'one');
    });
    expect([tries, await texts()]).toEqual([2, ['one']]);
  });

  it('does not pass for committed where a failure was caught on the way', async () => {
    const failing = sql.tx(async (tx) => {
      await insert(tx, 1, 'one');
      await tx.rows('SELECT 1 / 0').catch(() => undefined);
    });
    await expect(failing).rejects.toThrow('nothing was committed');
    expect(await texts()).toEqual([]);
  });

  it('runs a hook before the others where somebody waits for it', async () => {
    const seen: number[] = [];
    await sql.tx(async (tx) => {
      tx.afterCommit(() => seen.push(2));
      tx.afterCommit(() => seen.push(1), 'first');
    });
    expect(seen).toEqual([1, 2]);
  });

  it('tries a deadlock again', async () => {
    await sql.tx(async (tx) => {
      await insert(tx, 1, 'a');
      await insert(tx, 2, 'b');
    });
    let arrived = 0;
    let open: () => void = () => {};
    const both = new Promise<void>((resolve) => {
      open = resolve;
    });
    const append = (tx: SqlTx, id: number) => tx.rows(`UPDATE notes SET text = text || '!' WHERE id = $1`, [id]);
    const cross = (first: number, second: number) =>
      sql.tx(async (tx) => {
        await append(tx, first);
        if (++arrived >= 2) open();
        await both;
        await append(tx, second);
      });
    await Promise.all([cross(1, 2), cross(2, 1)]);
    // Which of the two Postgres ends, and whether it ends both, is its choice.
    expect(arrived).toBeGreaterThanOrEqual(3);
    expect(await texts()).toEqual(['a!!', 'b!!']);
  });

  it('replaces a connection that was ended, between statements and within a transaction', async () => {
    const end = async (pid: number) => database.db.$queryRaw`SELECT pg_terminate_backend(${pid}::int)`;
    const failing = sql.tx(async (tx) => {
      const [{ pid } = { pid: 0 }] = await tx.rows<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await insert(tx, 1, 'lost');
      await end(pid);
      await insert(tx, 2, 'lost');
    });
    await expect(failing).rejects.toThrow();
    for (let i = 0; i < 8; i++) expect(await texts()).toEqual([]);
  });

  it('is part of a transaction of the query builder too', async () => {
    await expect(
      inTx(database.db, async (tx) => {
        await insert(tx, 1, 'one');
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await texts()).toEqual([]);
    await inTx(database.db, async (tx) => {
      tx.write('INSERT INTO notes VALUES (1, $1)', ['one']);
      expect(await textsIn(tx)).toEqual([{ text: 'one' }]);
      tx.write('INSERT INTO notes VALUES (2, $1)', ['two']);
    });
    expect(await texts()).toEqual(['one', 'two']);
    await expect(inTx(database.db, async (tx) => tx.write('INSERT INTO notes VALUES (2, NULL)'))).rejects.toThrow();
    const at = new Date('2026-11-22T12:34:56.789Z');
    const [row] = await inTx(database.db, (tx) => tx.rows('SELECT $1::timestamptz AS at, $2::int8 AS big', [at, 5n]));
    expect(row).toEqual({ at, big: 5n });
  });
});
