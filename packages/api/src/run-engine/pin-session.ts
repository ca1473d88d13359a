import { CLOUD_SESSION_IDLE_MS } from '@markco/core/routing/choose-target';
import type { SqlRunner, SqlTx } from '@markco/db/sql';

/** A runtime session, by the columns that name it. */
export interface SessionName {
  userId: string;
  projectId: string;
  language: string;
  name: string;
}

/** A session bound to a place. `fresh`: the namespace starts empty there, as far as the server knows (the agent's `started` may say it too). */
export interface PinnedSession {
  readonly fresh: boolean;
}

/** What of a grant the session is bound by. */
export interface Grant {
  runId: string;
  attempt: number;
  deviceId: string;
}

/**
 * RU6: binds the runtime sessions of runs to the places that are granted them. Reads the runs' rows, which the caller locks in the same
 * transaction before.
 * @returns by the run's id; a run is missing, and nothing is bound, where the grant does not fit the row (RU10)
 */
export async function pinSessions(tx: SqlRunner, grants: readonly Grant[], at: Date): Promise<Map<string, PinnedSession>> {
  const cloudIdleSince = new Date(at.getTime() - CLOUD_SESSION_IDLE_MS);
  // A session as it was decides whether its variables are there: the sub-select reads it before the update.
  const pinned = await tx.rows<{ runId: string; same: boolean | null }>(
    `WITH run AS (
       SELECT r.id, r.user_id, r.project_id, r.language, r.session_name, r.device_id,
         CASE WHEN r.target_kind = 'cloud' THEN 'cloud' ELSE 'device' END AS target
       FROM unnest($1::uuid[], $2::int[], $3::uuid[]) AS g(run_id, attempt, device_id)
       JOIN runs r ON r.id = g.run_id AND r.attempt = g.attempt AND r.device_id = g.device_id AND r.state = 'offered'
     ), before AS (
       SELECT s.id AS session_id, run.id AS run_id,
         (s.ended_at IS NULL AND s.target = run.target AND s.device_id IS NOT DISTINCT FROM run.device_id
           AND (run.target <> 'cloud' OR s.last_used_at > $5::timestamptz)) AS same
       FROM runtime_sessions s JOIN run
         ON s.user_id = run.user_id AND s.project_id = run.project_id AND s.language = run.language AND s.name = run.session_name
       ORDER BY s.id FOR UPDATE OF s
     ), pinned AS (
       INSERT INTO runtime_sessions AS s (id, user_id, project_id, language, name, target, device_id, started_at, last_used_at)
       SELECT gen_random_uuid(), user_id, project_id, language, session_name, target, device_id, $4::timestamptz, $4::timestamptz FROM run
       ON CONFLICT (user_id, project_id, language, name) DO UPDATE SET
         last_used_at = $4::timestamptz, target = excluded.target, device_id = excluded.device_id, ended_at = NULL,
         started_at = CASE WHEN (SELECT b.same FROM before b WHERE b.session_id = s.id) THEN s.started_at ELSE $4::timestamptz END,
         generation = CASE WHEN (SELECT b.same FROM before b WHERE b.session_id = s.id) THEN s.generation ELSE s.generation + 1 END
       RETURNING s.user_id, s.project_id, s.language, s.name
     ) SELECT run.id AS "runId", before.same
       FROM run JOIN pinned p ON p.user_id = run.user_id AND p.project_id = run.project_id AND p.language = run.language AND p.name = run.session_name
       LEFT JOIN before ON before.run_id = run.id`,
    [grants.map((grant) => grant.runId), grants.map((grant) => grant.attempt), grants.map((grant) => grant.deviceId), at, cloudIdleSince],
  );
  return new Map(pinned.map(({ runId, same }) => [runId, { fresh: same !== true }]));
}

/**
 * {@link pinSessions} of a run on a device where its session is, without waiting for the answer: elsewhere the transaction fails.
 */
export function keepSession(tx: Pick<SqlTx, 'write'>, session: SessionName, deviceId: string, at: Date): void {
  tx.write(
    `WITH kept AS (
       UPDATE runtime_sessions SET last_used_at = $6::timestamptz
       WHERE user_id = $1::uuid AND project_id = $2::uuid AND language = $3 AND name = $4 AND target = 'device' AND device_id = $5::uuid
         AND ended_at IS NULL RETURNING 1
     ) SELECT 1 / count(*) AS same FROM kept`,
    [session.userId, session.projectId, session.language, session.name, deviceId, at],
  );
}

/** RU6: the session's variables are gone (restart, reset, crash, runtime down); the next run starts it fresh. */
export async function endSession(tx: SqlRunner, session: SessionName, at: Date): Promise<void> {
  await tx.rows(
    `UPDATE runtime_sessions SET ended_at = $5::timestamptz
     WHERE user_id = $1::uuid AND project_id = $2::uuid AND language = $3 AND name = $4 AND ended_at IS NULL`,
    [session.userId, session.projectId, session.language, session.name, at],
  );
}
