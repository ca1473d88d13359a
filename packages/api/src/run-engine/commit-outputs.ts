import type { Resources } from '../resources.ts';
import { commitOutput, findDue } from './commit-output.ts';
import { startLoop } from './loop.ts';
import { createServerDocuments } from './server-documents.ts';

/** How often rows are looked through for output that no notification told of (another process died), in ms. */
const LOOK_THROUGH_MS = 10_000;
const CONCURRENT = 4;
/** A document is not what a person watches while a cell runs: its turn comes after theirs, in ms. */
const AFTER_CHANGE_MS = 50;
const LOOK_BACK_MS = 7 * 24 * 60 * 60 * 1000;

export interface OutputCommitter {
  /** Resolves when what was begun is done; the documents are closed. */
  stop(): Promise<void>;
}

/** RU20: keeps the outputs in the documents up to date with the stored events. Any number of processes may run one: claims keep them apart. */
export function commitOutputs(resources: Resources, options: { relayUrl?: string; everyMs: number }): OutputCommitter {
  const documents = createServerDocuments(resources, options.relayUrl);
  const dirty = new Set<string>();
  let lookedAt = 0;

  const pass = async () => {
    if (Date.now() - lookedAt > LOOK_THROUGH_MS) {
      for (const id of await findUncommitted(resources)) dirty.add(id);
      lookedAt = Date.now();
    }
    const waiting = await dueNow(resources, dirty);
    const next = async () => {
      for (let id = waiting.shift(); id; id = waiting.shift()) {
        const runId = id;
        await commitOutput(resources, documents, runId).catch((err) =>
          resources.log.warn({ err, run_id: runId }, 'an output was not written into its document yet'),
        );
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT }, next));
  };
  const loop = startLoop('commit outputs', Math.min(options.everyMs, 500), resources.log, pass);
  const note = (runId: string) => dirty.add(runId);
  let soon: NodeJS.Timeout | null = null;
  const wakeSoon = () => {
    soon ??= setTimeout(() => {
      soon = null;
      loop.wake();
    }, AFTER_CHANGE_MS);
  };
  const unsubscribe = [
    resources.bus.subscribe('run.events', ({ runId }) => note(runId)),
    resources.bus.subscribe('run.changed', ({ runId }) => {
      note(runId);
      wakeSoon();
    }),
    resources.bus.onReconnect(() => {
      lookedAt = 0;
    }),
  ];
  return {
    async stop() {
      for (const stop of unsubscribe) stop();
      if (soon) clearTimeout(soon);
      await loop.stop();
      documents.close();
    },
  };
}

async function findUncommitted(resources: Resources): Promise<string[]> {
  const since = new Date(resources.clock.now().getTime() - LOOK_BACK_MS);
  const rows = await resources.db.$queryRaw<{ id: string }[]>`
    SELECT id FROM runs
    WHERE last_seq > output_committed_seq AND granted_at IS NOT NULL AND created_at > ${since.toISOString().replace('Z', '')}::timestamp
    ORDER BY id LIMIT 500`;
  return rows.map((row) => row.id);
}

/** Those of the noted runs whose time has come; what is all written is forgotten, what is not due yet stays noted. */
async function dueNow(resources: Resources, dirty: Set<string>): Promise<string[]> {
  if (dirty.size === 0) return [];
  // What is noted while the rows are read stays noted.
  const asked = [...dirty];
  dirty.clear();
  const noted = await findDue(resources.sql, asked).catch((error: unknown) => {
    for (const id of asked) dirty.add(id);
    throw error;
  });
  const now = resources.clock.now();
  for (const { id } of noted) dirty.add(id);
  return noted.filter(({ at }) => at <= now).map(({ id }) => id);
}
