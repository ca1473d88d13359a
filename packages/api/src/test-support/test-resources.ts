import { randomUUID } from 'node:crypto';
import { createMemoryBus } from '@markco/db/memory-bus';
import { createSql } from '@markco/db/sql';
import { testDatabase } from '@markco/testing/database';
import { pino } from 'pino';
import type { Principal } from '../auth/principal.ts';
import { type ApiContext, makeContext } from '../context.ts';
import { readEnv } from '../env.ts';
import { assembleResources, type Resources } from '../resources.ts';

const CLOCK_SLOWER = 10;

/** Resources on a database of their own, with a clock the test can move. */
export interface TestResources extends Resources {
  /** Moves the clock forward, in ms. */
  advance(ms: number): void;
  drop(): Promise<void>;
}

export async function testResources(env: Record<string, string> = {}): Promise<TestResources> {
  const database = await testDatabase();
  const sql = createSql({ connectionString: database.url, max: 8, applicationName: 'markco-test-sql' });
  const began = Date.now();
  let ahead = 0;
  const resources = await assembleResources({
    env: readEnv({ DATABASE_URL: database.url, NODE_ENV: 'test', ...env }),
    db: database.db,
    sql,
    bus: createMemoryBus(),
    log: pino({ level: 'silent' }),
    secret: new TextEncoder().encode('a secret for tests that is long enough'),
    publicUrl: 'http://localhost:3000',
    allowLocalUser: env.MARKCO_LOCAL_USER === '1',
    // Slow, so that no limit of the product passes while a busy machine gets on with a test: tests move the clock themselves.
    clock: { now: () => new Date(began + (Date.now() - began) / CLOCK_SLOWER + ahead) },
  });
  return Object.assign(resources, {
    advance: (ms: number) => {
      ahead += ms;
    },
    drop: async () => {
      resources.flags.close();
      resources.access.close();
      await sql.close();
      await database.drop();
    },
  });
}

/** A new person with a browser session. */
export async function testPerson(resources: Resources, name = 'Ada'): Promise<Principal & { sessionToken: string }> {
  const user = await resources.db.user.create({ data: { name, email: `${randomUUID()}@example.org` } });
  const expires = new Date(resources.clock.now().getTime() + 86_400_000);
  const session = await resources.db.session.create({ data: { userId: user.id, sessionToken: randomUUID(), expires } });
  return { userId: user.id, kind: 'session', sid: session.id, userName: name, sessionToken: session.sessionToken };
}

/** The context of a call by `principal` (null: nobody). */
export const contextOf = (resources: Resources, principal: Principal | null): ApiContext =>
  makeContext(resources, principal, { address: { host: 'localhost:3000', secure: false } });
