import pg from 'pg';
import { type Db, optionsOf } from './client.ts';
import { connectionConfig } from './connection-config.ts';
import { streamOf } from './stream-of.ts';

/** A statement that is parsed and planned once a connection. The name is its text's: one text a name. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** A wait for Postgres that took too long; the connection it was on is given up. */
export class LaneTimeout extends Error {
  constructor(ms: number) {
    super(`Postgres did not answer within ${ms} ms. The connection was given up; the next statement opens another.`);
    this.name = 'LaneTimeout';
  }
}

const ANSWER_WITHIN_MS = 10_000;

/**
 * One connection for the few statements that run so often that Prisma's client costs more than Postgres does: each is prepared
 * once, its values go in binary, and one runs after the other. A statement that fails with its connection rejects; the next
 * one connects anew. An idle lane does not keep the process alive.
 */
export class StatementLane {
  readonly #config: pg.ClientConfig;
  readonly #answerWithinMs: number;
  #client: pg.Client | null = null;
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** @param db names the database and its settings; the lane's connection is one more than those of its pool */
  constructor(db: Db, answerWithinMs = ANSWER_WITHIN_MS) {
    this.#answerWithinMs = answerWithinMs;
    this.#config = connectionConfig(optionsOf(db));
  }

  /** Runs a statement after those before it. A Buffer among the values is taken as Postgres' binary format of its parameter. */
  run<Row extends object>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    const result = this.#tail.then(() => this.#runNow<Row>(statement, values));
    this.#tail = result.catch(() => {});
    return result;
  }

  /** Closes the connection after what runs. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#tail;
    await this.#client?.end().catch(() => {});
    this.#client = null;
  }

  async #runNow<Row extends object>({ name, text }: Statement, values: readonly unknown[]): Promise<Row[]> {
    if (this.#closed) throw new Error('The connection to Postgres was closed.');
    const client = this.#client ?? (await this.#connect());
    streamOf(client).ref();
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new LaneTimeout(this.#answerWithinMs)), this.#answerWithinMs);
    });
    try {
      const { rows } = await Promise.race([client.query<Row>({ name, text, values: [...values] }), timeout]);
      return rows;
    } catch (error) {
      // Anything but an answer of Postgres to this very statement means that the connection is not to be trusted.
      if (!(error instanceof pg.DatabaseError) || error.severity !== 'ERROR') this.#drop(client);
      throw error;
    } finally {
      clearTimeout(timer);
      if (this.#client === client) streamOf(client).unref();
    }
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client(this.#config);
    const onLost = () => {
      if (this.#client === client) this.#client = null;
    };
    client.on('error', onLost);
    client.on('end', onLost);
    await client.connect();
    this.#client = client;
    return client;
  }

  /** Ends a connection that does not answer: asking it politely would wait as well. */
  #drop(client: pg.Client): void {
    if (this.#client === client) this.#client = null;
    streamOf(client).destroy();
  }
}
