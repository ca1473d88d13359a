import type { MeView } from '@markco/core/contract/auth';
import type { ProjectView } from '@markco/core/contract/projects';
import type { DeviceView } from '@markco/core/device/device';
import { canonicalLanguage } from '@markco/core/routing/languages';
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
  const guess = fromChoice(inputs) ?? fromSession(inputs) ?? fromDefault(inputs) ?? fromDevices(inputs) ?? fromFallback(inputs);
  return inputs.online ? guess : { ...guess, detail: `You are offline: the run is kept on this device and sent later. ${guess.detail}` };
}

const usable = (device: DeviceView | undefined): device is DeviceView => !!device && device.presence !== 'offline' && device.allowRuns;

function fromChoice({ chosen, devices }: TargetInputs): TargetGuess | null {
  if (!chosen) return null;
  if (chosen.kind === 'cloud') return { kind: 'cloud', label: 'Cloud', detail: 'You chose the cloud.' };
  const device = devices.find((each) => each.id === chosen.deviceId);
  if (!device) return null;
  const away = usable(device) ? '' : ' It is offline: the run waits for it.';
  return { kind: usable(device) ? 'device' : 'queue', label: device.name, detail: `You chose ${device.name}.${away}` };
}

/** A default is taken while it is there, and never waited for. */
function fromDefault({ me, devices, language }: TargetInputs): TargetGuess | null {
  const wanted = me?.settings.defaultTarget;
  if (!wanted) return null;
  if (wanted.kind === 'cloud') return { kind: 'cloud', label: 'Cloud', detail: 'The cloud is your default.' };
  const device = devices.find((each) => each.id === wanted.deviceId);
  return usable(device) && canRun(device, language)
    ? { kind: 'device', label: device.name, detail: `${device.name} is your default.` }
    : null;
}

const canRun = (device: DeviceView, language: string): boolean =>
  device.runtimes.some((runtime) => runtime.state !== 'down' && canonicalLanguage(runtime.language) === canonicalLanguage(language));

function fromSession({ runs, devices, language, now }: TargetInputs): TargetGuess | null {
  const last = runs.find((run) => run.startedAt && canonicalLanguage(run.language) === canonicalLanguage(language));
  if (last?.target.kind === 'cloud' && now - (last.endedAt ?? last.createdAt).getTime() < CLOUD_SESSION_MS) {
    return { kind: 'cloud', label: 'Cloud', detail: 'The variables are in the cloud.' };
  }
  if (last?.target.kind !== 'device') return null;
  const { deviceId } = last.target;
  const device = devices.find((each) => each.id === deviceId);
  return usable(device) ? { kind: 'device', label: device.name, detail: `The variables are on ${device.name}.` } : null;
}

function fromDevices({ project, devices, language }: TargetInputs): TargetGuess | null {
  const device = devices.find(
    (each) => usable(each) && each.kind !== 'worker' && each.projectIds.includes(project.id) && canRun(each, language),
  );
  return device ? { kind: 'device', label: device.name, detail: `${device.name} is online and holds this project.` } : null;
}

function fromFallback({ me, project, devices, language }: TargetInputs): TargetGuess {
  const holder = devices.find((device) => device.kind !== 'worker' && device.projectIds.includes(project.id));
  const allowed = project.fallbackToCloud ?? me?.settings.fallbackToCloud ?? true;
  const why = holder ? whyNot(holder, language) : 'No device holds this project.';
  if (allowed) return { kind: 'cloud', label: 'Cloud', detail: `${why} The cloud runs it in a fresh session.` };
  return { kind: 'queue', label: holder?.name ?? 'Queue', detail: `${why} The run waits, for at most 24 hours.` };
}

function whyNot(holder: DeviceView, language: string): string {
  if (holder.presence === 'offline') return `${holder.name} is offline.`;
  return holder.allowRuns ? `${holder.name} cannot run ${language}.` : `Runs are switched off on ${holder.name}.`;
}
