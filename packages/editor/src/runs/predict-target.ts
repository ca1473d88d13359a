import type { MeView } from '@markco/core/contract/auth';
import type { ProjectView } from '@markco/core/contract/projects';
import type { DeviceView } from '@markco/core/device/device';
import type { RequestedTarget, RunView } from '@markco/core/run/run';

/** Where the next run will most likely go. `label` fits a button; `detail` says why in a sentence. */
export type TargetGuess = { kind: 'device' | 'cloud' | 'queue'; label: string; detail: string };

export type TargetInputs = {
  me: MeView | null;
  project: ProjectView;
  devices: readonly DeviceView[];
  /** Runs of this document, newest first. */
  runs: readonly RunView[];
  chosen: RequestedTarget | null;
  language: string;
  online: boolean;
  /** Milliseconds since the epoch. */
  now: number;
};

/** RU6: a cloud session is kept this long while idle. */
const CLOUD_SESSION_MS = 30 * 60 * 1000;

/** RU5, in the client's eyes: the order of the server's choice with what this client knows. The server decides; this only tells. */
export function predictTarget(inputs: TargetInputs): TargetGuess {
  const guess = fromChoice(inputs) ?? fromSession(inputs) ?? fromDevices(inputs) ?? fromFallback(inputs);
  return inputs.online ? guess : { ...guess, detail: `You are offline: the run is kept on this device and sent later. ${guess.detail}` };
}

const usable = (device: DeviceView | undefined): device is DeviceView => !!device && device.presence !== 'offline' && device.allowRuns;

function fromChoice({ chosen, me, devices }: TargetInputs): TargetGuess | null {
  const wanted = chosen ?? me?.settings.defaultTarget ?? null;
  if (!wanted) return null;
  if (wanted.kind === 'cloud') return { kind: 'cloud', label: 'Cloud', detail: 'You chose the cloud.' };
  const device = devices.find((each) => each.id === wanted.deviceId);
  if (!device) return null;
  const away = usable(device) ? '' : ' It is offline: the run waits for it.';
  return { kind: usable(device) ? 'device' : 'queue', label: device.name, detail: `You chose ${device.name}.${away}` };
}

function fromSession({ runs, devices, now }: TargetInputs): TargetGuess | null {
  const last = runs.find((run) => run.startedAt);
  if (last?.target.kind === 'cloud' && now - (last.endedAt ?? last.createdAt).getTime() < CLOUD_SESSION_MS) {
    return { kind: 'cloud', label: 'Cloud', detail: 'The variables are in the cloud.' };
  }
  if (last?.target.kind !== 'device') return null;
  const { deviceId } = last.target;
  const device = devices.find((each) => each.id === deviceId);
  return usable(device) ? { kind: 'device', label: device.name, detail: `The variables are on ${device.name}.` } : null;
}

function fromDevices({ project, devices, language }: TargetInputs): TargetGuess | null {
  const fits = devices.filter(
    (device) =>
      usable(device) &&
      device.kind !== 'worker' &&
      device.projectIds.includes(project.id) &&
      device.runtimes.some((runtime) => runtime.language === language && runtime.state !== 'down'),
  );
  const device = fits[0];
  return device ? { kind: 'device', label: device.name, detail: `${device.name} is online and holds this project.` } : null;
}

function fromFallback({ me, project, devices }: TargetInputs): TargetGuess {
  const holder = devices.find((device) => device.kind !== 'worker' && device.projectIds.includes(project.id));
  const allowed = project.fallbackToCloud ?? me?.settings.fallbackToCloud ?? true;
  const why = holder ? `${holder.name} is offline.` : 'No device holds this project.';
  if (allowed) return { kind: 'cloud', label: 'Cloud', detail: `${why} The cloud runs it in a fresh session.` };
  return { kind: 'queue', label: holder?.name ?? 'Queue', detail: `${why} The run waits, for at most 24 hours.` };
}
