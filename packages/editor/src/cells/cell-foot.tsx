import { isTerminal } from '@markco/core/run/is-terminal';
import type { RunView } from '@markco/core/run/run';
import { type ReactNode, useEffect } from 'react';
import { useLive } from '../live.ts';
import { InputField } from '../outputs/input-field.tsx';
import { OutputBlocks } from '../outputs/output-blocks.tsx';
import { StoredOutput } from '../outputs/stored-output.tsx';
import { storedProvenance } from '../runs/stored-provenance.ts';
import { useCellRun, useSession } from '../session.tsx';
import { RunStatusLine } from './run-status-line.tsx';

type Props = { cellKey: number; index: number; outputRunId: string; outputText: string; hasOutput: boolean };

/** Below a cell: what its newest run says, its output, where it ran. Without known runs: the output kept in the document. */
export function CellFoot({ cellKey, index, outputRunId, outputText, hasOutput }: Props): ReactNode {
  const { run, pending, earlier } = useCellRun(cellKey);
  const { open, controller } = useSession();
  const { doc } = open;
  // From the tap on, not from the first output: "Sending" turns into "Running" when it does (WB6).
  const following = run && !isTerminal(run.state) ? run.id : null;
  useEffect(() => (following ? controller.feeds.watch(following) : undefined), [controller, following]);
  const from = hasOutput ? storedProvenance(doc.getMap('markco').get(`output:${outputRunId}`)) : null;
  const shown = run?.startedAt ? run : earlier;
  const waiting = (run !== null && !run.startedAt && !isTerminal(run.state)) || pending !== null;
  const stored = hasOutput ? <StoredOutput text={outputText} runId={outputRunId} /> : null;
  return (
    <section className="mk-cell-foot" aria-label={`Output of cell ${index + 1}`}>
      {(run || pending) && <RunStatusLine run={run} pending={pending} index={index} />}
      <div className={waiting ? 'mk-stale' : undefined}>
        {shown ? (
          <RunOutputBody run={shown} index={index} stored={outputRunId === shown.id ? stored : null} />
        ) : (
          stored && (
            <div className="mk-output" data-testid="cell-output" data-cell-index={index}>
              {stored}
              {from && (
                <span className="mk-ran-on" data-testid="ran-on" data-cell-index={index}>
                  {from}
                </span>
              )}
            </div>
          )
        )}
      </div>
    </section>
  );
}

function RunOutputBody({ run, index, stored }: { run: RunView; index: number; stored: ReactNode }): ReactNode {
  const { controller, sheet } = useSession();
  const model = useLive(controller.feeds.peek(run.id));
  useEffect(() => controller.feeds.watch(run.id), [controller, run.id]);
  const empty = model.blocks.length === 0;
  const awaiting = isTerminal(run.state) ? null : (run.awaitingInput ?? model.awaiting);
  if (empty && !awaiting && !(model.lastSeq === 0 && stored)) return null;
  return (
    <div className="mk-output" data-testid="cell-output" data-cell-index={index}>
      {model.lastSeq === 0 && stored ? stored : <OutputBlocks model={model} onOpenLog={() => sheet.set({ kind: 'log', runId: run.id })} />}
      {awaiting && <InputField key={awaiting.execId + awaiting.prompt} run={run} request={awaiting} />}
    </div>
  );
}
