import { CLOUD_SESSION_IDLE_MS } from '@markco/core/routing/choose-target';
import type { SqlRunner } from '@markco/db/sql';

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
  at: Date;
  attempt: number;
  deviceId: string;
}

/**
 * RU6: binds the runtime session of a run to the place that is granted it. Reads the run's row, which the caller locks in the same
 * transaction before.
 * @returns null, and nothing is bound, where the grant does not fit the row (RU10)
 */
export async function pinSession(tx: SqlRunner, runId: string, grant: Grant): Promise<PinnedSession | null> {
  const cloudIdleSince = new Date(grant.at.getTime() - CLOUD_SESSION_IDLE_MS);
  // The session as it was decides whether its variables are there: the sub-select reads it before the update.
  const [pinned] = await tx.rows<{ same: boolean | null }>(
    `WITH run AS (
       SELECT user_id, project_id, language, session_name, CASE WHEN target_kind = 'cloud' THEN 'cloud' ELSE 'device' END AS target
       FROM runs WHERE id = $1::uuid AND state = 'offered' AND attempt = $2 AND device_id = $3::uuid
     ), before AS (
       SELECT (s.ended_at IS NULL AND s.target = run.target AND s.device_id IS NOT DISTINCT FROM $3::uuid
           AND (run.target <> 'cloud' OR s.last_used_at > $5::timestamptz)) AS same
       FROM runtime_sessions s JOIN run
         ON s.user_id = run.user_id AND s.project_id = run.project_id AND s.language = run.language AND s.name = run.session_name
       FOR UPDATE OF s
     ), pinned AS (
       INSERT INTO runtime_sessions AS s (id, user_id, project_id, language, name, target, device_id, started_at, last_used_at)
       SELECT gen_random_uuid(), user_id, project_id, language, session_name, target, $3::uuid, $4::timestamptz, $4::timestamptz FROM run
       ON CONFLICT (user_id, project_id, language, name) DO UPDATE SET
         last_used_at = $4::timestamptz, target = excluded.target, device_id = $3::uuid, ended_at = NULL,
         started_at = CASE WHEN (SELECT same FROM before) THEN s.started_at ELSE $4::timestamptz END,
         generation = CASE WHEN (SELECT same FROM before) THEN s.generation ELSE s.generation + 1 END
       RETURNING 1
     ) SELECT (SELECT same FROM before) AS same FROM pinned`,
    [runId, grant.attempt, grant.deviceId, grant.at, cloudIdleSince],
  );
  return pinned ? { fresh: pinned.same !== true } : null;
}

/** RU6: the session's variables are gone (restart, reset, crash, runtime down); the next run starts it fresh. */
export async function endSession(tx: SqlRunner, session: SessionName, at: Date): Promise<void> {
  await tx.rows(
    `UPDATE runtime_sessions SET ended_at = $5::timestamptz
     WHERE user_id = $1::uuid AND project_id = $2::uuid AND language = $3 AND name = $4 AND ended_at IS NULL`,
    [session.userId, session.projectId, session.language, session.name, at],
  );
}
