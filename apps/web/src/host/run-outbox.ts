import type { CreateRunInput } from '@markco/core/run/run';
import * as local from './local-db.ts';
import { isNetworkFailure } from './online.ts';

/** WB4: a run kept longer than this is not started without asking again. Milliseconds. */
export const ASK_AGAIN_AFTER_MS = 5 * 60 * 1000;

/** Runs tapped together, kept before they are sent (RU2), so that a lost answer or a reload neither loses nor doubles them. */
export interface KeptRuns {
  id: string;
  keptAt: number;
  runs: CreateRunInput[];
}

/** How the outbox sends: one run by itself, several as a batch. Resolves when the server has them. */
export type SendRuns = (runs: readonly CreateRunInput[]) => Promise<void>;

/** Keeps, sends, and sends again: the client-made ids make a repeat harmless. */
export class RunOutbox {
  private readonly send: SendRuns;
  private readonly now: () => number;

  constructor(send: SendRuns, now: () => number = Date.now) {
    this.send = send;
    this.now = now;
  }

  /** 'sent' when the server has them, 'kept' when they wait for the connection. Rejects, and forgets, when the server refuses. */
  async submit(runs: readonly CreateRunInput[]): Promise<'sent' | 'kept'> {
    const kept: KeptRuns = { id: runs[0]!.runId, keptAt: this.now(), runs: [...runs] };
    const safe = await local.write('outbox', kept.id, kept);
    try {
      await this.send(runs);
    } catch (error) {
      if (isNetworkFailure(error) && safe) return 'kept';
      await local.remove('outbox', kept.id);
      throw error;
    }
    await local.remove('outbox', kept.id);
    return 'sent';
  }

  /** Sends what is kept; what waited too long is answered in `stale` for the person to decide. */
  async flush(): Promise<{ sent: KeptRuns[]; stale: KeptRuns[]; refused: { kept: KeptRuns; message: string }[] }> {
    const result: Awaited<ReturnType<RunOutbox['flush']>> = { sent: [], stale: [], refused: [] };
    for (const kept of await local.all<KeptRuns>('outbox')) {
      if (this.now() - kept.keptAt > ASK_AGAIN_AFTER_MS) {
        result.stale.push(kept);
        continue;
      }
      try {
        await this.send(kept.runs);
        result.sent.push(kept);
      } catch (error) {
        if (isNetworkFailure(error)) break;
        result.refused.push({ kept, message: error instanceof Error ? error.message : String(error) });
      }
      await local.remove('outbox', kept.id);
    }
    return result;
  }

  /** The person decided on stale runs. */
  async decide(id: string, decision: 'run' | 'discard'): Promise<void> {
    const kept = (await local.all<KeptRuns>('outbox')).find((entry) => entry.id === id);
    if (kept && decision === 'run') await this.send(kept.runs);
    await local.remove('outbox', id);
  }
}
