import type { RequestedTarget } from '@markco/core/run/run';
import type { EditorSession } from '../session.tsx';
import type { MenuItem } from '../ui/menu.tsx';

/** Menu entries for the places a run can go: the person's devices that can run this language, and the cloud. */
export function targetItems(
  session: EditorSession,
  language: string,
  onPick: (target: RequestedTarget) => void,
  prefix = '',
  chosen?: RequestedTarget | null,
): MenuItem[] {
  const projectId = session.host.project.get().id;
  const devices = session.host.devices.get().filter((device) => device.kind !== 'worker');
  const own = devices.map((device): MenuItem => {
    const can = device.allowRuns && (device.runtimes.length === 0 || device.runtimes.some((runtime) => runtime.language === language));
    const holds = device.projectIds.includes(projectId) ? '' : ' · does not hold this project';
    const state = !device.allowRuns
      ? 'Runs are switched off there'
      : device.presence === 'online'
        ? 'Online'
        : device.presence === 'suspect'
          ? 'Not answering well'
          : 'Offline: the run waits';
    return {
      label: `${prefix}${device.name}`,
      detail: `${state}${holds}`,
      icon: 'laptop',
      disabled: !can,
      ...(chosen !== undefined && { checked: chosen?.kind === 'device' && chosen.deviceId === device.id }),
      onSelect: () => onPick({ kind: 'device', deviceId: device.id }),
    };
  });
  const cloud: MenuItem = {
    label: `${prefix}${prefix === '' ? 'Cloud' : 'the cloud'}`,
    detail: 'A sandbox with its own variables',
    icon: 'cloud',
    ...(chosen !== undefined && { checked: chosen?.kind === 'cloud' }),
    onSelect: () => onPick({ kind: 'cloud' }),
  };
  return [...own, cloud];
}
