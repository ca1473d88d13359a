import type { SqlRunner } from '@markco/db/sql';
import { runColumnsWithout } from './run-columns.ts';
import type { RunRow } from './run-row.ts';

/** RU8: the first waiting run of a session with nothing active in it, and of a batch only when everything before it has ended. */
const MAY_START = `r.state = 'queued' AND r.held_since IS NULL
  AND NOT EXISTS (
    SELECT 1 FROM runs o
    WHERE o.user_id = r.user_id AND o.project_id = r.project_id AND o.language = r.language AND o.session_name = r.session_name
      AND o.id <> r.id AND o.state IN ('queued', 'offered', 'running')
      AND (o.state IN ('offered', 'running')
        OR (o.state = 'queued' AND o.held_since IS NULL
          AND (o.created_at, coalesce(o.ordinal, 0), o.id) < (r.created_at, coalesce(r.ordinal, 0), r.id))))
  AND NOT EXISTS (
    SELECT 1 FROM runs b
    WHERE b.user_id = r.user_id AND b.batch_id = r.batch_id AND b.ordinal < r.ordinal AND b.state IN ('queued', 'offered', 'running'))`;

/** A run that waits, with the words of its project an offer needs. It may be large and need not go now: its code is left out, and of the request all but the target. */
export type WaitingRun = Omit<RunRow, 'code'> & { readonly projectSlug: string; readonly projectName: string };

const WAITING_RUN = `SELECT ${runColumnsWithout('code', 'request')}, jsonb_build_object('target', r.request->'target') AS request, (SELECT slug FROM projects WHERE id = r.project_id) AS "projectSlug",
  (SELECT name FROM projects WHERE id = r.project_id) AS "projectName" FROM runs r`;

/** A run as it is now, if it waits. */
export async function findWaiting(sql: SqlRunner, runId: string): Promise<WaitingRun | null> {
  const [run] = await sql.rows<WaitingRun>(`${WAITING_RUN} WHERE r.id = $1::uuid AND r.state = 'queued'`, [runId]);
  return run ?? null;
}

/** How many are read at a time. */
export const ELIGIBLE_AT_ONCE = 100;

/**
 * RU8: the runs that may be offered now, the oldest first. Held runs block nobody.
 * @param of only those of these people; @param after the last one of those that were read before
 */
export async function findEligible(
  sql: SqlRunner,
  { of = null, after = null }: { of?: readonly string[] | null; after?: string | null } = {},
): Promise<WaitingRun[]> {
  return sql.rows<WaitingRun>(
    `${WAITING_RUN} WHERE ${MAY_START} AND ($1::uuid[] IS NULL OR r.user_id = ANY($1::uuid[]))
       AND ($2::uuid IS NULL OR (r.created_at, coalesce(r.ordinal, 0), r.id) > (SELECT created_at, coalesce(ordinal, 0), id FROM runs WHERE id = $2::uuid))
     ORDER BY r.created_at, coalesce(r.ordinal, 0), r.id LIMIT ${ELIGIBLE_AT_ONCE}`,
    [of, after],
  );
}

/** RU8: whether anything of other people than these waits for the cloud, where the end of a run made a place. */
export async function othersWaitForCloud(sql: SqlRunner, userIds: readonly string[]): Promise<boolean> {
  const rows = await sql.rows(
    `SELECT 1 AS waits FROM runs WHERE state = 'queued' AND held_since IS NULL AND target_kind = 'cloud' AND user_id <> ALL($1::uuid[]) LIMIT 1`,
    [userIds],
  );
  return rows.length > 0;
}
