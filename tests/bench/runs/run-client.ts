import { createHash } from 'node:crypto';
import { type CreateRunInput, isTerminal, type RunView } from '@markco/core/run/run';
import type { RunWatchItem } from '@markco/core/run/run-event';
import { v7 } from 'uuid';
import { WebSocket } from 'ws';

/** One run as a script with a token sees it; times in ms since the request left. */
export interface TimedRun {
  run: RunView;
  firstOutput: number;
  /** The whole output was seen. */
  lastOutput: number;
  ended: number;
  /** What was printed; of a run that was only counted, its end. */
  stdout: string;
  /** Characters of output that were seen. */
  seen: number;
}

export interface RunOptions {
  target?: CreateRunInput['target'];
  /** Keeps only the end of what is printed, for output that is too large to hold. */
  countOnly?: boolean;
}

export interface RunClient {
  /** POST /api/runs, then WS /api/runs/:id/events until the run has ended. */
  run(code: string, cellIndex: number, options?: RunOptions): Promise<TimedRun>;
}

/** A client of the REST API for the cells of one document. */
export function runClient(url: string, token: string, place: Pick<CreateRunInput, 'projectId' | 'documentId' | 'epoch'>): RunClient {
  const headers = { authorization: `Bearer ${token}` };
  return {
    async run(code, cellIndex, { target, countOnly = false } = {}) {
      const codeHash = createHash('sha256').update(code).digest('hex');
      const input: CreateRunInput = { ...place, runId: v7(), language: 'python', code, codeHash, cellIndex, ...(target && { target }) };
      const began = performance.now();
      const answer = await fetch(`${url}/api/runs`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(input),
      });
      if (!answer.ok) throw new Error(`POST /api/runs answered ${answer.status}: ${await answer.text()}`);
      const [seen] = await Promise.all([
        watch(`${url.replace('http', 'ws')}/api/runs/${input.runId}/events`, headers, began, countOnly),
        answer.json(),
      ]);
      if (seen.run.state !== 'completed') throw new Error(`the run ended as ${seen.run.state}: ${seen.run.message}`);
      return seen;
    },
  };
}

function watch(url: string, headers: Record<string, string>, began: number, countOnly: boolean): Promise<TimedRun> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers, perMessageDeflate: false });
    const seen = { firstOutput: Number.NaN, lastOutput: Number.NaN, seen: 0, stdout: [] as string[] };
    socket.on('error', reject);
    socket.on('close', (code) => reject(new Error(`the event socket closed with ${code} before the run had ended`)));
    socket.on('message', (data) => {
      const at = performance.now() - began;
      const item = JSON.parse(data.toString()) as RunWatchItem;
      if (item.type === 'event' && item.event.body.kind === 'stdout') {
        const { text } = item.event.body;
        if (seen.seen === 0) seen.firstOutput = at;
        seen.lastOutput = at;
        seen.seen += text.length;
        if (countOnly) seen.stdout = [text];
        else seen.stdout.push(text);
      } else if (item.type === 'run' && isTerminal(item.run.state)) {
        resolve({ ...seen, stdout: seen.stdout.join(''), run: item.run, ended: at });
        socket.close();
      }
    });
  });
}
