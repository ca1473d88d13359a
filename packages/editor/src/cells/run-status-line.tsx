import { isTerminal } from '@markco/core/run/is-terminal';
import type { RunView } from '@markco/core/run/run';
import type { ReactNode } from 'react';
import { useLive } from '../live.ts';
import type { PendingRun } from '../runs/run-controller.ts';
import { type RunStatus, ranOnText, runStatus, targetNameOf } from '../runs/run-status.ts';
import { useSession } from '../session.tsx';
import { Elapsed } from '../ui/elapsed.tsx';
import { useNow } from '../ui/hooks.ts';
import { Icon, type IconName, Spinner } from '../ui/icons.tsx';
import { adviceFor, RunActions } from './run-actions.tsx';

const ICONS: Record<RunStatus['tone'], IconName | null> = {
  idle: null,
  busy: null,
  waiting: 'clock',
  good: 'check',
  bad: 'cross',
  stopped: 'stop',
};

/** What a run is doing, in words with an icon, and what can be done about it (WB6, RU12, RU22). */
export function RunStatusLine({ run, pending, index }: { run: RunView | null; pending: PendingRun | null; index: number }): ReactNode {
  if (!run) return pending && <PendingLine pending={pending} index={index} />;
  return <KnownLine run={run} index={index} />;
}

function PendingLine({ pending, index }: { pending: PendingRun; index: number }): ReactNode {
  const { controller } = useSession();
  const failed = pending.state === 'failed';
  return (
    <div className={`mk-status mk-tone-${failed ? 'bad' : 'busy'}`}>
      <span data-testid="cell-status" data-cell-index={index} className="mk-status-text">
        {pending.state === 'sending' ? <Spinner /> : <Icon name={failed ? 'warn' : 'clock'} size={16} />}
        {pending.message}
      </span>
      {failed && (
        <>
          <button type="button" className="mk-button mk-small" onClick={() => controller.retry(pending)}>
            Try again
          </button>
          <button type="button" className="mk-button mk-small" onClick={() => controller.dismiss(pending.id)}>
            Dismiss
          </button>
        </>
      )}
    </div>
  );
}

function KnownLine({ run, index }: { run: RunView; index: number }): ReactNode {
  const session = useSession();
  const { controller, host } = session;
  const devices = useLive(host.devices);
  // What a run of the cloud is told to depends on those before it.
  useLive(session.runs);
  const active = !isTerminal(run.state);
  const now = useNow(active);
  const status = runStatus(run, now, targetNameOf(run, devices));
  const icon = ICONS[status.tone];
  const ranOn = ranOnText(run);
  const advice = adviceFor(session, run, index, now);
  return (
    <div className={`mk-status mk-tone-${status.tone}`}>
      <span data-testid="cell-status" data-cell-index={index} data-state={run.state} className="mk-status-text">
        {icon ? <Icon name={icon} size={16} /> : <Spinner />}
        {status.text}
      </span>
      {active && run.startedAt && !run.contactLostSince && <Elapsed since={run.startedAt} />}
      {ranOn && !run.contactLostSince && (
        <span className="mk-ran-on" data-testid="ran-on" data-cell-index={index}>
          {ranOn}
        </span>
      )}
      {advice.notes.map((note) => (
        <p key={note} className="mk-status-note" data-testid="run-note">
          {note}
        </p>
      ))}
      {run.codeChanged && <p className="mk-status-note">The cell has changed since; this ran the text as it was.</p>}
      {(advice.actions.length > 0 || status.canForce) && (
        <div className="mk-status-actions" data-testid="run-actions">
          {status.canForce && !run.contactLostSince && (
            <button type="button" className="mk-button mk-small mk-danger" onClick={() => controller.cancel(run, true)}>
              Force stop (loses variables)
            </button>
          )}
          <RunActions run={run} index={index} advice={advice} />
        </div>
      )}
    </div>
  );
}
