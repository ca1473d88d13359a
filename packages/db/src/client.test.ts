import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type TestDatabase, testDatabase } from '@markco/testing/database';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDb, type Db } from './client.ts';
import { createSql, type Sql } from './sql.ts';

let database: TestDatabase;
let proxy: Server;
const sockets: Socket[] = [];
let db: Db;
let sql: Sql;

beforeEach(async () => {
  database = await testDatabase();
  const target = new URL(database.url);
  const { port } = target;
  proxy = createServer((client) => {
    const server = connect(Number(port), target.hostname);
    for (const socket of [client, server]) socket.on('error', () => {});
    sockets.push(client, server);
    client.pipe(server);
    server.pipe(client);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  target.port = String((proxy.address() as AddressInfo).port);
  const options = { connectionString: target.toString(), max: 1, statementTimeoutMs: 1_000 };
  db = createDb(options);
  sql = createSql(options);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await db.$disconnect();
  await sql.close();
  proxy.close();
  await database.drop();
});

/** Asks again where a busy machine took longer than the second that a statement has here. */
const eventually = <T>(ask: () => Promise<T>): Promise<T> => vi.waitFor(ask, 60_000);

describe('a connection that falls silent', () => {
  it('SY6: is given up, and the next query has another', async () => {
    await eventually(() => db.$queryRaw`SELECT 1`.then());
    for (const socket of sockets.splice(0)) socket.unpipe().pause();
    await expect(db.$queryRaw`SELECT 2`).rejects.toThrow(/timeout/i);
    expect(await eventually(() => db.$queryRaw`SELECT 3 AS three`.then())).toEqual([{ three: 3 }]);
  });

  it('is given up by plain SQL too, alone and in a transaction', async () => {
    const fallSilent = async () => {
      await eventually(() => sql.rows('SELECT 1'));
      for (const socket of sockets.splice(0)) socket.unpipe().pause();
    };
    await fallSilent();
    await expect(sql.rows('SELECT 2')).rejects.toThrow(/timeout/i);
    await fallSilent();
    await expect(sql.tx((tx) => tx.rows('SELECT 2'))).rejects.toThrow(/timeout/i);
    expect(await eventually(() => sql.rows('SELECT 3 AS three'))).toEqual([{ three: 3 }]);
  });
});
