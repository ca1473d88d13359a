import type { RunEventBody } from '@markco/core/run/run-event';
import { endingMessage, fallbackHint } from '@markco/core/run/run-messages';
import type { SqlRunner } from '@markco/db/sql';
import type { RunRow } from './run-row.ts';

type Ended = Extract<RunEventBody, { kind: 'ended' }>;

/** What the person reads about the end: the agent's own words, the reason of a fallback (RU6), or what the state means. */
export async function endingWords(tx: SqlRunner, run: RunRow, ended: Ended, errorName: string | null): Promise<string | null> {
  if (ended.message) return ended.message.slice(0, 2000);
  const name = errorName ?? (ended.outcome === 'failed' ? await storedErrorName(tx, run.id) : null);
  const why = name && (await fallbackReason(tx, run));
  return (name && why && fallbackHint(name, why)) || endingMessage(ended.outcome, ended.reason ?? null);
}

async function storedErrorName(tx: SqlRunner, runId: string): Promise<string | null> {
  const [error] = await tx.rows<{ name: string | null }>(
    `SELECT body->>'name' AS name FROM run_events WHERE run_id = $1::uuid AND kind = 'error' ORDER BY seq DESC LIMIT 1`,
    [runId],
  );
  return error?.name ?? null;
}

/** RU6: why this session runs in the cloud, when it got there by a fallback. */
async function fallbackReason(tx: SqlRunner, run: RunRow): Promise<string | null> {
  if (run.targetKind !== 'cloud') return null;
  if (run.reason.startsWith('fallback_')) return run.routeDetail;
  const [first] = await tx.rows<{ routeDetail: string | null }>(
    `SELECT r.route_detail AS "routeDetail" FROM runs r
     LEFT JOIN runtime_sessions s
       ON s.user_id = r.user_id AND s.project_id = r.project_id AND s.language = r.language AND s.name = r.session_name
     WHERE r.user_id = $1::uuid AND r.project_id = $2::uuid AND r.language = $3 AND r.session_name = $4
       AND r.target_kind = 'cloud' AND r.reason LIKE 'fallback\\_%' AND r.granted_at >= coalesce(s.started_at, $5::timestamptz)
     ORDER BY r.granted_at DESC LIMIT 1`,
    [run.userId, run.projectId, run.language, run.sessionName, run.createdAt],
  );
  return first?.routeDetail ?? null;
}
