import type { Socket } from 'node:net';
import type pg from 'pg';

/** The socket of a connection, which the driver's types do not name. */
export const streamOf = (client: pg.ClientBase): Socket => (client as unknown as { connection: { stream: Socket } }).connection.stream;
