import { CLOUD_SESSION_IDLE_MS } from '@markco/core/routing/choose-target';
import type { SqlRunner } from '@markco/db/sql';
import type { RunRow } from './run-row.ts';

/** A runtime session, by the columns that name it. */
export interface SessionName {
  userId: string;
  projectId: string;
  language: string;
  name: string;
}

/**
 * RU6: binds the runtime session to the place that was granted the run.
 * @returns whether the namespace starts empty there, as far as the server knows (the agent's `started` event may say it too)
 */
export async function pinSession(tx: SqlRunner, run: RunRow): Promise<boolean> {
  const at = run.grantedAt ?? run.createdAt;
  const target = run.targetKind === 'cloud' ? 'cloud' : 'device';
  const key = [run.userId, run.projectId, run.language, run.sessionName];
  const idleSince = target === 'cloud' ? new Date(at.getTime() - CLOUD_SESSION_IDLE_MS) : null;
  // The row as it was decides whether its variables are there: the sub-select reads it before the update.
  const [pinned] = await tx.rows<{ same: boolean | null }>(
    `WITH before AS (
       SELECT (ended_at IS NULL AND target = $6 AND device_id IS NOT DISTINCT FROM $7::uuid
           AND ($8::timestamptz IS NULL OR last_used_at > $8::timestamptz)) AS same
       FROM runtime_sessions WHERE user_id = $1::uuid AND project_id = $2::uuid AND language = $3 AND name = $4 FOR UPDATE
     ), pinned AS (
       INSERT INTO runtime_sessions AS s (id, user_id, project_id, language, name, target, device_id, started_at, last_used_at)
       VALUES (gen_random_uuid(), $1::uuid, $2::uuid, $3, $4, $6, $7::uuid, $5::timestamptz, $5::timestamptz)
       ON CONFLICT (user_id, project_id, language, name) DO UPDATE SET
         last_used_at = $5::timestamptz, target = $6, device_id = $7::uuid, ended_at = NULL,
         started_at = CASE WHEN (SELECT same FROM before) THEN s.started_at ELSE $5::timestamptz END,
         generation = CASE WHEN (SELECT same FROM before) THEN s.generation ELSE s.generation + 1 END
       RETURNING 1
     ) SELECT (SELECT same FROM before) AS same FROM pinned`,
    [...key, at, target, run.deviceId, idleSince],
  );
  return pinned?.same !== true;
}

/** RU6: the session's variables are gone (restart, reset, crash, runtime down); the next run starts it fresh. */
export async function endSession(tx: SqlRunner, session: SessionName, at: Date): Promise<void> {
  await tx.rows(
    `UPDATE runtime_sessions SET ended_at = $5::timestamptz
     WHERE user_id = $1::uuid AND project_id = $2::uuid AND language = $3 AND name = $4 AND ended_at IS NULL`,
    [session.userId, session.projectId, session.language, session.name, at],
  );
}
