import type { DeviceView } from '@markco/core/device/device';
import { canonicalLanguage } from '@markco/core/routing/languages';
import type { RequestedTarget, RunView } from '@markco/core/run/run';
import { holdsSession } from '../runs/run-places.ts';
import { agoText } from '../runs/times.ts';
import type { EditorSession } from '../session.tsx';
import type { MenuItem } from '../ui/menu.tsx';

/** Menu entries for the places a run can go, each with what will happen there: the person's devices, and the cloud. */
export function targetItems(
  session: EditorSession,
  language: string,
  onPick: (target: RequestedTarget) => void,
  prefix = '',
  chosen?: RequestedTarget | null,
): MenuItem[] {
  const projectId = session.host.project.get().id;
  const last = session.runs.get().find((run) => run.startedAt && canonicalLanguage(run.language) === canonicalLanguage(language));
  const sessionName = last?.sessionName ?? 'default';
  const devices = session.host.devices.get().filter((device) => device.kind !== 'worker');
  const own = devices.map(
    (device): MenuItem => ({
      label: `${prefix === '' ? '' : `${prefix} on `}${device.name}`,
      detail: deviceOutlook(device, { projectId, language, sessionName }, Date.now()),
      icon: 'laptop',
      disabled: !device.allowRuns || !canRun(device, language),
      ...(chosen !== undefined && { checked: chosen?.kind === 'device' && chosen.deviceId === device.id }),
      onSelect: () => onPick({ kind: 'device', deviceId: device.id }),
    }),
  );
  const cloud: MenuItem = {
    label: prefix === '' ? 'Cloud' : `${prefix} in the cloud`,
    detail:
      last?.target.kind === 'cloud' ? 'The variables of the last run are there' : 'Variables and files of your computers are not there',
    icon: 'cloud',
    ...(chosen !== undefined && { checked: chosen?.kind === 'cloud' }),
    onSelect: () => onPick({ kind: 'cloud' }),
  };
  return [...own, cloud];
}

/** A device away keeps no list of what it can run, and may be waited for. */
const canRun = (device: DeviceView, language: string): boolean =>
  device.presence === 'offline' ||
  device.runtimes.length === 0 ||
  device.runtimes.some((runtime) => canonicalLanguage(runtime.language) === canonicalLanguage(language));

type Wanted = Pick<RunView, 'projectId' | 'language' | 'sessionName'>;

/** What a run sent to this device would meet there, in a few words. `now` in ms. */
export function deviceOutlook(device: DeviceView, wanted: Wanted, now: number): string {
  if (!device.allowRuns) return 'Runs are switched off there';
  if (!canRun(device, wanted.language)) return `Cannot run ${wanted.language}`;
  const holds = device.projectIds.includes(wanted.projectId);
  const missing = holds ? '' : ' · does not hold this project';
  if (device.presence === 'offline') {
    const seen = device.lastSeenAt ? `last seen ${agoText(device.lastSeenAt, now)}` : 'never connected';
    return `Offline, ${seen}: the run waits for it${missing}`;
  }
  const state = device.presence === 'online' ? 'Online' : 'Not answering well';
  return `${state}${holdsSession(device, wanted) ? ' · variables there' : missing}`;
}
