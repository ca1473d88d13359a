import type { SqlRunner } from '@markco/db/sql';

/**
 * RU8: the runs that may be offered now: the first waiting one of each runtime session with nothing active in it, and of a batch only
 * when everything before it has ended. Held runs block nobody.
 */
export async function findEligible(sql: SqlRunner, limit = 200): Promise<string[]> {
  const rows = await sql.rows<{ id: string }>(
    `SELECT r.id FROM runs r
    WHERE r.state = 'queued' AND r.held_since IS NULL
      AND NOT EXISTS (
        SELECT 1 FROM runs o
        WHERE o.user_id = r.user_id AND o.project_id = r.project_id AND o.language = r.language AND o.session_name = r.session_name
          AND o.id <> r.id AND o.state IN ('queued', 'offered', 'running')
          AND (o.state IN ('offered', 'running')
            OR (o.state = 'queued' AND o.held_since IS NULL
              AND (o.created_at, coalesce(o.ordinal, 0), o.id) < (r.created_at, coalesce(r.ordinal, 0), r.id))))
      AND NOT EXISTS (
        SELECT 1 FROM runs b
        WHERE b.user_id = r.user_id AND b.batch_id = r.batch_id AND b.ordinal < r.ordinal AND b.state IN ('queued', 'offered', 'running'))
    ORDER BY r.created_at, coalesce(r.ordinal, 0), r.id
    LIMIT $1`,
    [limit],
  );
  return rows.map((row) => row.id);
}
