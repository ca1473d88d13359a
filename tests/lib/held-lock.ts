import { until } from '@markco/testing/relay-harness';
import pg from 'pg';

/** A transaction of somebody else's, open until told: what it locked makes others wait at exactly that point. */
export class HeldLock {
  readonly #client: pg.Client;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  static async begin(url: string): Promise<HeldLock> {
    const client = new pg.Client({ connectionString: url, application_name: 'markco-test-lock' });
    client.on('error', () => {});
    await client.connect();
    await client.query('BEGIN');
    return new HeldLock(client);
  }

  async query(sql: string, values: unknown[] = []): Promise<void> {
    await this.#client.query(sql, values);
  }

  /** Resolves when someone waits for a lock in a statement that contains this. */
  async untilSomeoneWaits(inStatement: string, ms = 120_000): Promise<void> {
    let waiting = false;
    const look = async () => {
      // Within a transaction the first look would be remembered.
      await this.#client.query('SELECT pg_stat_clear_snapshot()');
      const found = await this.#client.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE $1`,
        [`%${inStatement}%`],
      );
      waiting = found.rowCount !== 0;
    };
    await until(() => waiting, ms, `someone to wait in ${inStatement}`, look);
  }

  async commit(): Promise<void> {
    await this.#client.query('COMMIT');
    await this.#client.end();
  }
}
