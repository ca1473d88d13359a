import { outputBody } from '@markco/core/run/output-body';
import { isTerminal, type RunState } from '@markco/core/run/run';
import type { RunEventBody } from '@markco/core/run/run-event';
import { type Provenance, type WriteOutcome, writeOutput } from '@markco/sync/client/write-output';
import type { Resources } from '../resources.ts';
import type { RunRow } from './run-row.ts';
import type { ServerDocuments } from './server-documents.ts';

/** A claim holds this long; who claimed gives up before, so that two never write at once. In ms. */
const LEASE_MS = 10_000;
const GIVE_UP_MS = 7_000;
/** RU20: at most this often while a run goes on, in ms. */
export const COMMIT_EVERY_MS = 2_000;
/** While a run goes on, a long log is shown by this many events at either end; at the end it is read whole. */
const PREVIEW_EVENTS = 60;
const PREVIEW_FROM_BYTES = 512 * 1024;

/**
 * RU20: writes a run's output into its document, if this process gets the claim. Idempotent; what a process left undone is due again
 * when its claim is over, because the row still says that less is committed than stored.
 * @returns what happened; null when there was nothing to do or another process does it
 */
export async function commitOutput(resources: Resources, documents: ServerDocuments, runId: string): Promise<WriteOutcome | null> {
  const run = await claim(resources, runId);
  if (!run) return null;
  const ended = isTerminal(run.state as RunState);
  const place = { runId, code: run.code, anchor: run.anchor, cellIndex: run.cellIndex };
  const body = outputBody(await readBodies(resources, run, ended), run.docPath);
  const signal = AbortSignal.timeout(GIVE_UP_MS);
  const alive = await resources.db.document.count({ where: { id: run.documentId, deletedAt: null } });
  const outcome =
    alive === 0
      ? 'gone'
      : await documents.use(run.documentId, async (document) => {
          await document.synced(signal);
          signal.throwIfAborted();
          const written = writeOutput(document.doc, place, body, provenanceOf(run), ended);
          if (written === 'written') await document.flushed(signal);
          return written;
        });
  await resources.db.run.updateMany({
    where: { id: runId, outputCommittedSeq: { lt: run.lastSeq } },
    data: { outputCommittedSeq: run.lastSeq, outputCommittedAt: resources.clock.now() },
  });
  return outcome;
}

/** The row, if it is due and this process won it. `output_committed_at` is in the future while a claim holds. */
async function claim(resources: Resources, runId: string): Promise<RunRow | null> {
  const run = await resources.db.run.findUnique({ where: { id: runId } });
  if (!run || !dueAt(run)) return null;
  const now = resources.clock.now();
  if (now < dueAt(run)!) return null;
  const { count } = await resources.db.run.updateMany({
    where: { id: runId, outputCommittedAt: run.outputCommittedAt },
    data: { outputCommittedAt: new Date(now.getTime() + LEASE_MS) },
  });
  return count === 1 ? run : null;
}

/** When a run's output may be written next; null when all of it is. */
export function dueAt(run: Pick<RunRow, 'state' | 'lastSeq' | 'outputCommittedSeq' | 'outputCommittedAt' | 'grantedAt'>): Date | null {
  if (!run.grantedAt || run.lastSeq <= run.outputCommittedSeq) return null;
  const before = run.outputCommittedAt ?? run.grantedAt;
  return new Date(isTerminal(run.state as RunState) ? before : before.getTime() + COMMIT_EVERY_MS);
}

async function readBodies(resources: Resources, run: RunRow, ended: boolean): Promise<RunEventBody[]> {
  const where = { runId: run.id, seq: { lte: run.lastSeq } };
  const find = (take: number | undefined, order: 'asc' | 'desc') =>
    resources.db.runEvent.findMany({ where, orderBy: { seq: order }, take });
  const bodies = (rows: { body: unknown }[]) => rows.map((row) => row.body as RunEventBody);
  if (ended || run.logBytes < BigInt(PREVIEW_FROM_BYTES)) return bodies(await find(undefined, 'asc'));
  const [head, tail] = await Promise.all([find(PREVIEW_EVENTS, 'asc'), find(PREVIEW_EVENTS, 'desc')]);
  const from = head.at(-1)?.seq ?? 0;
  const rest = tail.filter((row) => row.seq > from).reverse();
  return [...bodies(head), { kind: 'note', text: '… more above · open full log …', hiddenBytes: 0 }, ...bodies(rest)];
}

function provenanceOf(run: RunRow): Provenance {
  const { state, ranOn, reason, freshSession, startedAt, endedAt } = run;
  const durationMs = startedAt && endedAt ? endedAt.getTime() - startedAt.getTime() : null;
  return { state, ranOn, reason, freshSession, durationMs, endedAt: endedAt?.toISOString() ?? null };
}
