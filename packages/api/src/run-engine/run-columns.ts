import { Prisma } from '@markco/db/client';
import type { SqlRunner } from '@markco/db/sql';
import type { RunRow } from './run-row.ts';

/** What a writer may set in a row of `runs`. */
export type RunData = Partial<Omit<RunRow, 'id' | 'updatedAt'>>;

const JSON_COLUMNS = new Set<string>(['request', 'awaitingInput']);
const column = (field: string): string => `"${field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}"`;

/** Every column under the name it has in {@link RunRow}: a row read with them is one. */
export const RUN_COLUMNS = Object.values(Prisma.RunScalarFieldEnum)
  .map((field) => `${column(field)} AS "${field}"`)
  .join(', ');

/** Sets columns of one run where it is still in the state and attempt it was read in (RU1). Null where it is not. */
export async function updateRun(tx: SqlRunner, row: Pick<RunRow, 'id' | 'state' | 'attempt'>, data: RunData): Promise<RunRow | null> {
  const { assignments, values } = assign(data, 3);
  const [after] = await tx.rows<RunRow>(
    `UPDATE runs SET ${[...assignments, 'updated_at = now()'].join(', ')}
     WHERE id = $1::uuid AND state = $2 AND attempt = $3 RETURNING ${RUN_COLUMNS}`,
    [row.id, row.state, row.attempt, ...values],
  );
  return after ?? null;
}

/** Inserts one run as it is given; every column without a default must be there. */
export async function insertRun(tx: SqlRunner, id: string, data: RunData): Promise<RunRow> {
  const fields = Object.keys(data).filter((field) => data[field as keyof RunData] !== undefined);
  const [row] = await tx.rows<RunRow>(
    `INSERT INTO runs (id, updated_at, ${fields.map(column).join(', ')})
     VALUES ($1::uuid, now(), ${fields.map((field, i) => place(field, i + 2)).join(', ')}) RETURNING ${RUN_COLUMNS}`,
    [id, ...fields.map((field) => toValue(field, data[field as keyof RunData]))],
  );
  return row!;
}

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
