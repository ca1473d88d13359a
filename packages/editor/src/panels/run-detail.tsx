import { isTerminal } from '@markco/core/run/is-terminal';
import type { RunView } from '@markco/core/run/run';
import { routeReasonWords } from '@markco/core/run/run-messages';
import { type ReactNode, useEffect } from 'react';
import { useLive } from '../live.ts';
import { OutputBlocks } from '../outputs/output-blocks.tsx';
import { ranOnText, runStatus } from '../runs/run-status.ts';
import { localTimes, whenText } from '../runs/times.ts';
import { useSession } from '../session.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { useNow } from '../ui/hooks.ts';

/** One run by itself. */
export function RunDialog({ runId, onClose }: { runId: string; onClose(): void }): ReactNode {
  const run = useLive(useSession().runs).find((each) => each.id === runId);
  return (
    <Dialog label="Run" kind="full" onClose={onClose}>
      {run ? <RunDetail run={run} /> : <p className="mk-empty">This run is not known here.</p>}
    </Dialog>
  );
}

/** Where and when a run ran, why there, what it ran and what it put out. */
export function RunDetail({ run }: { run: RunView }): ReactNode {
  const { controller, sheet } = useSession();
  const model = useLive(controller.feeds.peek(run.id));
  useEffect(() => controller.feeds.watch(run.id), [controller, run.id]);
  const now = useNow(!isTerminal(run.state));
  const status = runStatus(run, now);
  const why = routeReasonWords(run.why);
  const openLog = (): void => sheet.set({ kind: 'log', runId: run.id });
  const words = run.message && run.message !== status.text ? localTimes(run.message, now) : null;
  return (
    <div className="mk-sheet-body mk-run-detail" data-testid="run-detail">
      <p className="mk-status">
        <span className={`mk-status-text mk-tone-${status.tone}`}>{status.text}</span>
        <span className="mk-ran-on">{[ranOnText(run), whenText(run.createdAt, now)].filter(Boolean).join(' · ')}</span>
        {why && <span className="mk-status-note">In the cloud because {why}.</span>}
        {words && <span className="mk-status-note">{words}</span>}
      </p>
      <details>
        <summary>What ran</summary>
        <pre className="mk-stream">{run.code}</pre>
      </details>
      <section className="mk-output" aria-label="Output">
        {model.blocks.length === 0 && <p className="mk-note">{emptyWords(run, model.lastSeq)}</p>}
        <OutputBlocks model={model} onOpenLog={openLog} />
      </section>
      {run.lastSeq > 0 && (
        <div className="mk-panel-tools">
          <button type="button" className="mk-button" onClick={openLog}>
            Open full log
          </button>
        </div>
      )}
    </div>
  );
}

function emptyWords(run: RunView, seen: number): string {
  if (seen < run.lastSeq) return 'Reading its output…';
  return isTerminal(run.state) ? 'It put nothing out.' : 'Nothing yet.';
}
