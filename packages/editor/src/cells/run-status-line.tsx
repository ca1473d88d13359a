import type { DeviceView } from '@markco/core/device/device';
import { isTerminal } from '@markco/core/run/is-terminal';
import type { RunView } from '@markco/core/run/run';
import type { ReactNode } from 'react';
import { useLive } from '../live.ts';
import type { PendingRun } from '../runs/run-controller.ts';
import { formatElapsed, type RunStatus, ranOnText, runStatus, targetNameOf } from '../runs/run-status.ts';
import { useSession } from '../session.tsx';
import { useNow } from '../ui/hooks.ts';
import { Icon, type IconName, Spinner } from '../ui/icons.tsx';

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
  const { controller, host } = useSession();
  const devices = useLive(host.devices);
  const active = !isTerminal(run.state);
  const now = useNow(active);
  const status = runStatus(run, now, targetNameOf(run, devices));
  const icon = ICONS[status.tone];
  const ranOn = ranOnText(run);
  const back = active ? null : backTo(run, devices, host.project.get().id);
  const offerAbove = run.state === 'failed' && run.freshSession && index > 0;
  return (
    <div className={`mk-status mk-tone-${status.tone}`}>
      <span data-testid="cell-status" data-cell-index={index} data-state={run.state} className="mk-status-text">
        {icon ? <Icon name={icon} size={16} /> : <Spinner />}
        {status.text}
      </span>
      {active && run.startedAt && <span className="mk-elapsed">{formatElapsed(now - run.startedAt.getTime())}</span>}
      {status.canForce && (
        <button type="button" className="mk-button mk-small mk-danger" onClick={() => controller.cancel(run, true)}>
          Force stop (loses variables)
        </button>
      )}
      {run.codeChanged && <span className="mk-note">The cell has changed since; this ran the text as it was.</span>}
      {offerAbove && (
        <button type="button" className="mk-button mk-small" onClick={() => controller.runAbove(index, true, targetOf(run))}>
          Run all above here
        </button>
      )}
      {(run.state === 'interrupted' || run.state === 'expired') && (
        <button type="button" className="mk-button mk-small" onClick={() => controller.run([index])}>
          Run again
        </button>
      )}
      {back && (
        <button type="button" className="mk-button mk-small" onClick={() => controller.run([index], { kind: 'device', deviceId: back.id })}>
          Back to {back.name} (variables there)
        </button>
      )}
      {ranOn && (
        <span className="mk-ran-on" data-testid="ran-on" data-cell-index={index}>
          {ranOn}
        </span>
      )}
    </div>
  );
}

/** The place a run went, as a choice for the next. */
function targetOf(run: RunView) {
  return run.target.kind === 'queue' ? null : run.target;
}

/** RU6: no silent hop back. After a fallback, the device that holds the project is offered once it is online again. */
function backTo(run: RunView, devices: readonly DeviceView[], projectId: string): DeviceView | null {
  if (run.target.kind !== 'cloud' || !run.reason.startsWith('fallback_device')) return null;
  const fits = (device: DeviceView): boolean => device.kind !== 'worker' && device.presence === 'online' && device.allowRuns;
  return devices.find((device) => fits(device) && device.projectIds.includes(projectId)) ?? null;
}
