import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDb } from '@markco/db/client';
import { startEmbeddedPostgres } from '@markco/db/embedded-postgres';
import { migrate } from '@markco/db/migrate';
import { makeDocument } from '@markco/sync/sidecar/test-world';
import { PrismaStore } from '@markco/sync/store/prisma-store';
import { silentLog } from '@markco/sync/log';
import { startServer } from './servers.ts';
import { fanOut, percentile } from './measure.ts';
const dataDir = await mkdtemp(join(tmpdir(), 'markco-bench-pg-'));
const postgres = await startEmbeddedPostgres({ dataDir, maxConnections: 100 });
await migrate(postgres.url);
const db = createDb({ connectionString: postgres.url });
const u = await makeDocument(db);
const refs = [];
for (let i = 0; i < 100; i++) refs.push(await makeDocument(db, { userId: u.userId }));
const store = new PrismaStore(db, silentLog);
const bytes = new Uint8Array(30).fill(7);
for (const k of [1, 5, 20, 50, 100]) {
  const v: number[] = [];
  for (let i = 0; i < 60; i++) { const s = performance.now(); await store.append(Array.from({ length: k }, (_, j) => ({ ref: refs[(i + j) % 100]!, updates: [bytes] }))); v.push(performance.now() - s); }
  console.log(k, percentile(v, 0.5).toFixed(2), percentile(v, 0.99).toFixed(2));
}
console.log((await db.$queryRawUnsafe<any[]>(`EXPLAIN (ANALYZE, BUFFERS) WITH input AS MATERIALIZED (
      SELECT document_id, bytes, ord FROM unnest(ARRAY['${refs[0]!.documentId}','${refs[1]!.documentId}']::uuid[], ARRAY['a','b']::bytea[]) WITH ORDINALITY AS t(document_id, bytes, ord)
    ), totals AS MATERIALIZED (
      SELECT document_id, count(*)::int AS rows, sum(length(bytes))::int AS bytes FROM input GROUP BY document_id
    ), locked AS MATERIALIZED (
      SELECT d.id, t.rows, t.bytes FROM documents d JOIN totals t ON t.document_id = d.id ORDER BY d.id FOR NO KEY UPDATE OF d
    ), counted AS (
      UPDATE documents d SET seq = d.seq + l.rows, log_rows = d.log_rows + l.rows, log_bytes = d.log_bytes + l.bytes, updated_at = now() FROM locked l WHERE d.id = l.id
    ) INSERT INTO document_updates (document_id, bytes) SELECT document_id, bytes FROM input ORDER BY ord`)).map((r) => r['QUERY PLAN']).join('\n'));
const project = await db.project.findFirstOrThrow({ where: { userId: u.userId } });
const server = await startServer('MarkCo', { url: postgres.url, db }, { userId: u.userId, projectId: project.id });
const m = async () => { const t = await (await fetch(`http://127.0.0.1:${(server as any).port}/metrics`)).text(); return t.split('\n').filter((l) => /persist_ms|updates_total|load_ms_sum|eventloop_lag_p/.test(l)).join('\n'); };
for (let i = 0; i < 2; i++) { const l = await fanOut(server, { documents: 100, observers: 2, perSecond: 350, seconds: 4 }); console.log('fan', percentile(l, 0.5), percentile(l, 0.99)); if ((server as any).port) console.log(await m()); }
await server.stop(); await store.close(); await db.$disconnect(); await postgres.stop(); await rm(dataDir, { recursive: true, force: true });
