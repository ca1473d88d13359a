import type { DeviceView } from '@markco/core/device/device';
import { canonicalLanguage } from '@markco/core/routing/languages';
import type { RequestedTarget, RunView } from '@markco/core/run/run';
import { routeReasonWords } from '@markco/core/run/run-messages';

type SessionOf = Pick<RunView, 'projectId' | 'language' | 'sessionName'>;

/** True where the device has the runtime that holds this session's variables now (RU6). */
export function holdsSession(device: Pick<DeviceView, 'runtimes'>, session: SessionOf): boolean {
  return device.runtimes.some(
    (runtime) =>
      runtime.state !== 'down' &&
      runtime.projectId === session.projectId &&
      runtime.sessionName === session.sessionName &&
      canonicalLanguage(runtime.language) === canonicalLanguage(session.language),
  );
}

const sameSession = (a: SessionOf, b: SessionOf): boolean =>
  a.sessionName === b.sessionName && canonicalLanguage(a.language) === canonicalLanguage(b.language);

const fellBack = (run: RunView): boolean => run.target.kind === 'cloud' && run.reason.startsWith('fallback_');

/**
 * RU6: why a run of the cloud is there, in words, where the person did not choose it: its own fallback, or the one that began the session it
 * continues. Null for every other run. `runs`: of the document, newest first.
 */
export function fallbackReason(run: RunView, runs: readonly RunView[]): string | null {
  if (run.target.kind !== 'cloud') return null;
  if (fellBack(run)) return reasonOf(run);
  if (run.reason !== 'session_affinity') return null;
  const earlier = runs.filter((each) => each.id < run.id && each.startedAt && sameSession(each, run));
  const elsewhere = earlier.findIndex((each) => each.target.kind !== 'cloud' || each.reason === 'user_choice');
  const first = (elsewhere < 0 ? earlier : earlier.slice(0, elsewhere)).find(fellBack);
  return first ? reasonOf(first) : null;
}

const reasonOf = (run: RunView): string =>
  routeReasonWords(run.why) ??
  (run.reason === 'fallback_device_offline' ? 'your computer was offline' : 'none of your computers could run it');

/** The person's computer that a run in the cloud most likely belongs on: it holds the project; online ones first, then the last seen. */
export function homeOf(run: Pick<RunView, 'projectId' | 'why'>, devices: readonly DeviceView[]): DeviceView | null {
  const fits = devices.filter((device) => device.kind !== 'worker' && device.allowRuns && device.projectIds.includes(run.projectId));
  const rank = (device: DeviceView): number =>
    (device.presence === 'online' ? 4 : 0) + (run.why?.includes(device.name) ? 2 : 0) + (device.presence === 'suspect' ? 1 : 0);
  const last = (device: DeviceView): number => device.lastSeenAt?.getTime() ?? 0;
  return fits.sort((a, b) => rank(b) - rank(a) || last(b) - last(a))[0] ?? null;
}

/** The place a run went, as a choice for the next; null while it is nowhere. */
export function placeOf(run: Pick<RunView, 'target'>): RequestedTarget | null {
  return run.target.kind === 'queue' ? null : run.target;
}
