import { LogLines, logText } from '@markco/core/run/log-text';
import type { RunView } from '@markco/core/run/run';
import type { RunWatchItem } from '@markco/core/run/run-event';
import { useEffect, useState } from 'react';
import { followRun } from '../../data/follow-run.ts';
import { trpc } from '../../data/trpc.ts';

const DRAW_EVERY_MS = 100;

/** RU17: a run and its whole log, then both as they grow. Draws at most ten times a second. */
export function useRunLog(runId: string): { run: RunView | null; lines: readonly string[]; error: unknown } {
  const { client } = trpc.useUtils();
  const [run, setRun] = useState<RunView | null>(null);
  const [lines, setLines] = useState<readonly string[]>([]);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    const log = new LogLines();
    let lastSeq = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const draw = () => {
      timer = undefined;
      setLines([...log.lines]);
    };
    const onItem = (item: RunWatchItem) => {
      if (item.type === 'run') {
        setError(null);
        return setRun(item.run);
      }
      if (item.event.seq <= lastSeq) return;
      lastSeq = item.event.seq;
      log.add(logText(item.event));
      timer ??= setTimeout(draw, DRAW_EVERY_MS);
    };
    const stop = followRun(client.runs.watch.subscribe, runId, 0, onItem, setError);
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [client, runId]);
  return { run, lines, error };
}
