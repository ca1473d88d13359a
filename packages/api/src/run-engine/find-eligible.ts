import type { SqlRunner } from '@markco/db/sql';
import { RUN_COLUMNS } from './run-columns.ts';
import type { RunRow } from './run-row.ts';

/** The columns that name a runtime session of a run. */
export type RunSession = Pick<RunRow, 'userId' | 'projectId' | 'language' | 'sessionName'>;

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

/** RU8: the runs that may be offered now. Held runs block nobody. */
export async function findEligible(sql: SqlRunner, limit = 200): Promise<string[]> {
  const rows = await sql.rows<{ id: string }>(
    `SELECT r.id FROM runs r WHERE ${MAY_START} ORDER BY r.created_at, coalesce(r.ordinal, 0), r.id LIMIT $1`,
    [limit],
  );
  return rows.map((row) => row.id);
}

/** A run that waits, with the words of its project an offer needs. */
export type WaitingRun = RunRow & { readonly projectSlug: string; readonly projectName: string };

const WAITING_RUN = `SELECT ${RUN_COLUMNS}, (SELECT slug FROM projects WHERE id = r.project_id) AS "projectSlug",
  (SELECT name FROM projects WHERE id = r.project_id) AS "projectName" FROM runs r`;

/** A run as it is now, if it waits. */
export async function findWaiting(sql: SqlRunner, runId: string): Promise<WaitingRun | null> {
  const [run] = await sql.rows<WaitingRun>(`${WAITING_RUN} WHERE r.id = $1::uuid AND r.state = 'queued'`, [runId]);
  return run ?? null;
}

/** RU8: the run of one session that may be offered now, if there is one. */
export async function findNext(sql: SqlRunner, { userId, projectId, language, sessionName }: RunSession): Promise<WaitingRun | null> {
  const [run] = await sql.rows<WaitingRun>(
    `${WAITING_RUN}
     WHERE r.user_id = $1::uuid AND r.project_id = $2::uuid AND r.language = $3 AND r.session_name = $4 AND ${MAY_START}
     ORDER BY r.created_at, coalesce(r.ordinal, 0), r.id LIMIT 1`,
    [userId, projectId, language, sessionName],
  );
  return run ?? null;
}

/** RU4, RU8: whether a run of another session waits that the end of this one may let start: the person's (a place, a batch), or one for the cloud. */
export async function othersWait(sql: SqlRunner, run: RunSession & Pick<RunRow, 'targetKind'>): Promise<boolean> {
  const { userId, projectId, language, sessionName, targetKind } = run;
  const rows = await sql.rows(
    `SELECT 1 AS waits FROM runs
     WHERE state = 'queued' AND held_since IS NULL AND (user_id = $1::uuid OR ($5 = 'cloud' AND target_kind = 'cloud'))
       AND NOT (user_id = $1::uuid AND project_id = $2::uuid AND language = $3 AND session_name = $4)
     LIMIT 1`,
    [userId, projectId, language, sessionName, targetKind],
  );
  return rows.length > 0;
}
