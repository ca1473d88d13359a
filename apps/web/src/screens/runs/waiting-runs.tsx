'use client';

import type { RunView } from '@markco/core/run/run';
import { trpc } from '../../data/trpc.ts';
import { Button } from '../../ui/button.tsx';
import { errorText, Notice } from '../../ui/notice.tsx';
import { needsDecision } from './run-words.ts';

/** RU8: "3 waiting runs: Run / Discard". */
export function WaitingRuns({ runs }: { runs: readonly RunView[] }) {
  const utils = trpc.useUtils();
  const decide = trpc.runs.decideWaiting.useMutation({ onSettled: () => utils.runs.list.invalidate() });
  const waiting = runs.filter(needsDecision);
  if (waiting.length === 0) return null;
  const runIds = waiting.map(({ id }) => id);
  return (
    <Notice kind="warn">
      <p>
        {waiting.length === 1 ? '1 run has' : `${waiting.length} runs have`} waited for a computer for more than an hour. They start only
        when you say so, and expire after a day.
      </p>
      {decide.error ? <p className="mt-2">{errorText(decide.error)}</p> : null}
      <div className="mt-3 flex flex-wrap gap-3">
        <Button look="primary" busy={decide.isPending} onClick={() => decide.mutate({ runIds, decision: 'run' })}>
          Run when it is back
        </Button>
        <Button busy={decide.isPending} onClick={() => decide.mutate({ runIds, decision: 'discard' })}>
          Discard
        </Button>
      </div>
    </Notice>
  );
}
