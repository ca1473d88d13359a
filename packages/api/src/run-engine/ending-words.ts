import type { RunEventBody } from '@markco/core/run/run-event';
import { endingMessage, fallbackHint } from '@markco/core/run/run-messages';
import type { Tx } from '@markco/db/client';
import type { RunRow } from './run-row.ts';

type Ended = Extract<RunEventBody, { kind: 'ended' }>;

/** What the person reads about the end: the agent's own words, the reason of a fallback (RU6), or what the state means. */
export async function endingWords(tx: Tx, run: RunRow, ended: Ended, errorName: string | null): Promise<string | null> {
  if (ended.message) return ended.message.slice(0, 2000);
  const name = errorName ?? (ended.outcome === 'failed' ? await storedErrorName(tx, run.id) : null);
  const why = name && (await fallbackReason(tx, run));
  return (name && why && fallbackHint(name, why)) || endingMessage(ended.outcome, ended.reason ?? null);
}

async function storedErrorName(tx: Tx, runId: string): Promise<string | null> {
  const error = await tx.runEvent.findFirst({ where: { runId, kind: 'error' }, orderBy: { seq: 'desc' }, select: { body: true } });
  return (error?.body as { name?: string } | undefined)?.name ?? null;
}

/** RU6: why this session runs in the cloud, when it got there by a fallback. */
async function fallbackReason(tx: Tx, run: RunRow): Promise<string | null> {
  if (run.targetKind !== 'cloud') return null;
  if (run.reason.startsWith('fallback_')) return run.routeDetail;
  const { userId, projectId, language, sessionName } = run;
  const session = await tx.runtimeSession.findUnique({
    where: { userId_projectId_language_name: { userId, projectId, language, name: sessionName } },
  });
  const first = await tx.run.findFirst({
    where: {
      userId,
      projectId,
      language,
      sessionName,
      targetKind: 'cloud',
      reason: { startsWith: 'fallback_' },
      grantedAt: { gte: session?.startedAt ?? run.createdAt },
    },
    orderBy: { grantedAt: 'desc' },
    select: { routeDetail: true },
  });
  return first?.routeDetail ?? null;
}
