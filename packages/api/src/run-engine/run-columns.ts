import { Prisma } from '@markco/db/client';
import type { SqlTx } from '@markco/db/sql';
import type { RunRow } from './run-row.ts';

/** What a writer may set in a row of `runs`. */
export type RunData = Partial<Omit<RunRow, 'id' | 'updatedAt'>>;

const JSON_COLUMNS = new Set<string>(['request', 'awaitingInput']);
const column = (field: string): string => `"${field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}"`;

/** The columns under the names they have in {@link RunRow}, without some. */
export const runColumnsWithout = (...left: (keyof RunRow)[]): string =>
  Object.values(Prisma.RunScalarFieldEnum)
    .filter((field) => !left.includes(field))
    .map((field) => `${column(field)} AS "${field}"`)
    .join(', ');

/** Every column: a row read with them is a {@link RunRow}. */
export const RUN_COLUMNS = runColumnsWithout();

/**
 * Sets columns of one run where it is still in the state and attempt it was read in (RU1); elsewhere the division by zero fails the
 * transaction, so that nobody has to wait for the answer.
 * @param row as `lockRun` read it in this transaction, or as an earlier write of it left it
 * @returns the row as it is now
 */
export function updateRun(tx: SqlTx, row: RunRow, data: RunData): RunRow {
  const { assignments, values } = assign(data, 3);
  tx.write(
    `WITH done AS (
       UPDATE runs SET ${[...assignments, 'updated_at = now()'].join(', ')} WHERE id = $1::uuid AND state = $2 AND attempt = $3 RETURNING 1
     ) SELECT 1 / count(*) AS found FROM done`,
    [row.id, row.state, row.attempt, ...values],
  );
  return { ...row, ...given(data) };
}

/** Inserts one run as it is given, without waiting for the answer. Returns the row as it is then. */
export function insertRun(tx: SqlTx, data: NewRunData): RunRow {
  const row: RunRow = { ...DEFAULTS, ...given(data), updatedAt: data.createdAt };
  const { id, updatedAt: _, ...rest } = row;
  const fields = Object.keys(rest);
  tx.write(
    `INSERT INTO runs (id, updated_at, ${fields.map(column).join(', ')})
     VALUES ($1::uuid, now(), ${fields.map((field, i) => place(field, i + 2)).join(', ')})`,
    [id, ...fields.map((field) => toValue(field, rest[field as keyof typeof rest]))],
  );
  return row;
}

/** What a new run starts with, as the schema says. */
const DEFAULTS = {
  ...{ state: 'queued', attempt: 0, lastSeq: 0, logBytes: 0n, outputCommittedSeq: 0, freshSession: false, codeChanged: false },
  ...{ anchor: null, cellIndex: null, batchId: null, ordinal: null, deviceId: null, routeDetail: null, ranOn: null, awaitingInput: null },
  ...{
    cancelRequestedAt: null,
    forceRequestedAt: null,
    stopUnreachedAt: null,
    contactLostSince: null,
    heldSince: null,
    message: null,
    exitReason: null,
  },
  ...{ outputCommittedAt: null, offeredAt: null, grantedAt: null, startedAt: null, endedAt: null },
} satisfies Partial<RunRow>;

/** The columns of a new run that have no default, and any others. */
export type NewRunData = Partial<RunRow> & Omit<RunRow, keyof typeof DEFAULTS | 'updatedAt'>;

const given = <T extends object>(data: T): T => Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined)) as T;

function assign(data: RunData, taken: number): { assignments: string[]; values: unknown[] } {
  // Sorted, so that the same columns make the same statement.
  const fields = Object.keys(data)
    .filter((field) => data[field as keyof RunData] !== undefined)
    .sort();
  return {
    assignments: fields.map((field, i) => `${column(field)} = ${place(field, taken + 1 + i)}`),
    values: fields.map((field) => toValue(field, data[field as keyof RunData])),
  };
}

const UUID_COLUMNS = new Set(['userId', 'projectId', 'documentId', 'batchId', 'deviceId']);

function place(field: string, at: number): string {
  if (JSON_COLUMNS.has(field)) return `$${at}::jsonb`;
  if (UUID_COLUMNS.has(field)) return `$${at}::uuid`;
  return field.endsWith('At') || field.endsWith('Since') ? `$${at}::timestamptz` : `$${at}`;
}

const toValue = (field: string, value: unknown): unknown => (JSON_COLUMNS.has(field) && value !== null ? JSON.stringify(value) : value);
