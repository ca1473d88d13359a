import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDb } from '@markco/db/client';
import { startEmbeddedPostgres } from '@markco/db/embedded-postgres';
import { migrate } from '@markco/db/migrate';
import { silentLog } from '@markco/sync/log';
import { makeDocument } from '@markco/sync/sidecar/test-world';
import { PrismaStore } from '@markco/sync/store/prisma-store';
import pg from 'pg';

const dataDir = await mkdtemp(join(tmpdir(), 'markco-bench-pg-'));
const postgres = await startEmbeddedPostgres({ dataDir, maxConnections: 100 });
await migrate(postgres.url);
const db = createDb({ connectionString: postgres.url });
const refs = [];
const u = await makeDocument(db);
for (let i = 0; i < 100; i++) refs.push(await makeDocument(db, { userId: u.userId }));
const store = new PrismaStore(db, silentLog);
const pct = (v: number[]) => {
  v.sort((a, b) => a - b);
  return `p50 ${v[v.length >> 1]!.toFixed(2)} p99 ${v[Math.floor(v.length * 0.99)]!.toFixed(2)}`;
};
const client = new pg.Client({ connectionString: postgres.url });
await client.connect();
await client.query('create table t(a int)');
async function time(name: string, n: number, run: (i: number) => Promise<unknown>) {
  const v: number[] = [];
  for (let i = 0; i < n; i++) {
    const s = performance.now();
    await run(i);
    v.push(performance.now() - s);
  }
  console.log(name, pct(v));
}
const bytes = new Uint8Array(30).fill(7);
await time('select 1 pg', 300, () => client.query('select 1'));
await time('select 1 prisma', 300, () => db.$queryRaw`SELECT 1`);
await time('insert pg', 300, () => client.query('insert into t values (1)'));
await time('append x1', 300, (i) => store.append([{ ref: refs[i % 100]!, updates: [bytes] }]));
await time('append x5 docs', 300, (i) => store.append([0, 1, 2, 3, 4].map((k) => ({ ref: refs[(i * 5 + k) % 100]!, updates: [bytes] }))));
await client.query('set synchronous_commit=off');
await time('insert pg async', 300, () => client.query('insert into t values (1)'));
await db.$executeRawUnsafe('ALTER SYSTEM SET synchronous_commit = off');
await db.$queryRawUnsafe('select pg_reload_conf()');
await time('append x1 nosync', 600, (i) => store.append([{ ref: refs[i % 100]!, updates: [bytes] }]));
await store.close();
await client.end();
await db.$disconnect();
await postgres.stop();
await rm(dataDir, { recursive: true, force: true });
