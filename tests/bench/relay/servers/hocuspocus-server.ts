import { Database } from '@hocuspocus/extension-database';
import { Server } from '@hocuspocus/server';
import pg from 'pg';

/** A peer as a process of its own: Hocuspocus with its database extension on the Postgres of the run. */
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 8 });
// What pg asks of everyone: a connection that breaks while idle must not end the process.
pool.on('error', () => {});
await pool.query('CREATE TABLE IF NOT EXISTS bench_hocuspocus (name text PRIMARY KEY, data bytea NOT NULL)');
const server = new Server({
  quiet: true,
  address: '127.0.0.1',
  port: Number(process.env.PORT),
  extensions: [
    new Database({
      fetch: async ({ documentName }) =>
        (await pool.query('SELECT data FROM bench_hocuspocus WHERE name = $1', [documentName])).rows[0]?.data ?? null,
      store: async ({ documentName, state }) => {
        await pool.query('INSERT INTO bench_hocuspocus VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET data = $2', [documentName, state]);
      },
    }),
  ],
});
await server.listen();
