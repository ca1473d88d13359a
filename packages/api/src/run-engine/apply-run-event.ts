import { isTerminal } from '@markco/core/run/run';
import type { RunCore } from '@markco/core/run/run-core';
import { endingMessage } from '@markco/core/run/run-messages';
import { type RunTransitionEvent, transition } from '@markco/core/run/transition';
import type { SqlTx } from '@markco/db/sql';
import type { Resources } from '../resources.ts';
import { finishRun } from './finish-run.ts';
import { lockRun } from './lock-run.ts';
import { publishRunChanged } from './publish-run.ts';
import { type RunData, updateRun } from './run-columns.ts';
import { type RunRow, toCore } from './run-row.ts';

/** Columns a writer sets together with the transition. */
export type RunExtras = Omit<RunData, keyof RunCore>;

/**
 * RU1: applies one event to a run whose row this transaction has locked: `transition`, then a compare-and-set on (state, attempt),
 * then everything an ending brings (RU4). Watchers hear of it after the commit.
 * @returns the row as it is now
 * @throws AppError illegal_transition when the event does not fit; the transaction fails where the row was changed without the lock
 */
export async function applyRunEvent(
  resources: Resources,
  tx: SqlTx,
  row: RunRow,
  event: RunTransitionEvent,
  extras: RunExtras = {},
): Promise<RunRow> {
  const before = toCore(row);
  const result = transition(before, event);
  if (!result.ok) throw result.error;
  const ended = isTerminal(result.run.state);
  const data = { ...changedColumns(before, result.run), ...(ended ? endingColumns(result.run, extras) : {}), ...extras };
  if (Object.keys(data).length === 0) return row;
  const after = updateRun(tx, row, data);
  publishRunChanged(resources, tx, after);
  if (ended) {
    finishRun(resources, tx, row, after);
    if (after.batchId && after.state !== 'completed' && after.exitReason !== 'upstream_failed') await failBatch(resources, tx, after);
  }
  return after;
}

/** RU1 for writers where a lost race means there is nothing to do: null when the event no longer fits. */
export async function tryRunEvent(
  resources: Resources,
  tx: SqlTx,
  row: RunRow,
  event: RunTransitionEvent,
  extras: RunExtras = {},
): Promise<RunRow | null> {
  if (!transition(toCore(row), event).ok) return null;
  return applyRunEvent(resources, tx, row, event, extras);
}

/** RU4: what comes later in the batch does not start any more. Always in the order of the batch, so that two endings cannot wait for each other. */
async function failBatch(resources: Resources, tx: SqlTx, run: RunRow): Promise<void> {
  const rest = await tx.rows<{ id: string }>(
    `SELECT id FROM runs WHERE user_id = $1::uuid AND batch_id = $2::uuid AND ordinal > $3 AND state IN ('queued', 'offered') ORDER BY ordinal`,
    [run.userId, run.batchId, run.ordinal ?? 0],
  );
  for (const { id } of rest) {
    const locked = await lockRun(tx, id);
    if (locked) await tryRunEvent(resources, tx, locked, { type: 'upstreamFailed', at: run.endedAt ?? new Date() });
  }
}

function endingColumns(run: RunCore, extras: RunExtras): RunExtras {
  return extras.message === undefined ? { message: endingMessage(run.state, run.exitReason) } : {};
}

function changedColumns(before: RunCore, after: RunCore): RunData {
  const changed = (Object.keys(after) as (keyof RunCore)[]).filter((key) => after[key] !== before[key]);
  return Object.fromEntries(changed.map((key) => [key, after[key]])) as RunData;
}
