import type { RequestedTarget } from '../run/run.ts';
import { waitingForDevice } from '../run/run-messages.ts';
import { canonicalLanguage } from './languages.ts';
import type { Route, RouteDevice, RouteFlags, RouteRequest, RouteSession, RouteSettings } from './route-input.ts';

/** RU6: how long the cloud keeps an idle session. */
export const CLOUD_SESSION_IDLE_MS = 30 * 60 * 1000;

interface Question {
  request: RouteRequest;
  devices: readonly RouteDevice[];
  session: RouteSession | null;
  flags: RouteFlags;
  settings: RouteSettings;
}

const cloud = (reason: Route['reason'], detail: string): Route => ({ target: { kind: 'cloud' }, reason, detail, waitingFor: null });
const onDevice = (device: RouteDevice, reason: Route['reason'], detail: string): Route => ({
  target: { kind: 'device', deviceId: device.id },
  reason,
  detail,
  waitingFor: null,
});
const queue = (detail: string, waitingFor: string | null): Route => ({
  target: { kind: 'queue' },
  reason: 'queued_device_offline',
  detail,
  waitingFor,
});

const reachable = (device: RouteDevice): boolean => device.allowRuns && device.presence !== 'offline' && device.unfit === null;
const hasRuntime = (device: RouteDevice, language: string): boolean =>
  device.runtimes.some((r) => r.state !== 'down' && canonicalLanguage(r.language) === canonicalLanguage(language));

/** Why a device cannot take the run now, in words. */
function whyNot(device: RouteDevice, now: Date): string {
  if (!device.allowRuns) return `${device.name} does not allow runs. Turn on "Allow runs" for it, or run in the cloud`;
  if (device.unfit !== null && device.presence !== 'offline') return device.unfit;
  return waitingForDevice(device.name, device.lastSeenAt, now);
}

/** A choice that must hold (the person's, or the batch's): there or waiting for it, never elsewhere. */
function held(q: Question, choice: RequestedTarget, reason: 'user_choice' | 'session_affinity', why: string): Route {
  if (choice.kind === 'cloud') return cloud(reason, `Cloud · ${why}`);
  const device = q.devices.find((d) => d.id === choice.deviceId);
  if (!device) return queue('Waiting for a computer that is no longer signed in. Cancel this run and choose another.', choice.deviceId);
  return reachable(device) ? onDevice(device, reason, `${device.name} · ${why}`) : queue(whyNot(device, q.settings.now), device.id);
}

/** RU6: the session's place, where it still holds. */
function affinity(q: Question): Route | null {
  const { session, settings, flags } = q;
  if (!session || session.endedAt) return null;
  if (session.target === 'cloud') {
    const alive = settings.now.getTime() - session.lastUsedAt.getTime() < CLOUD_SESSION_IDLE_MS;
    return alive && flags.ENABLE_CLOUD_FALLBACK ? cloud('session_affinity', 'Cloud · variables there') : null;
  }
  const device = q.devices.find((d) => d.id === session.deviceId);
  return device && reachable(device) ? onDevice(device, 'session_affinity', `${device.name} · variables there`) : null;
}

/** The device the person prefers when nothing holds the run elsewhere; soft: falls through when it is away. */
function preferred(q: Question): Route | null {
  const wanted = q.settings.defaultTarget;
  if (!wanted) return null;
  if (wanted.kind === 'cloud') return q.flags.ENABLE_CLOUD_FALLBACK ? cloud('user_choice', 'Cloud · your default') : null;
  const device = q.devices.find((d) => d.id === wanted.deviceId);
  return device && reachable(device) && hasRuntime(device, q.request.language)
    ? onDevice(device, 'user_choice', `${device.name} · your default`)
    : null;
}

const order = (a: RouteDevice, b: RouteDevice): number =>
  (a.presence === 'online' ? 0 : 1) - (b.presence === 'online' ? 0 : 1) ||
  a.active - b.active ||
  Number(b.lastSeenAt ?? 0) - Number(a.lastSeenAt ?? 0) ||
  (a.id < b.id ? -1 : 1);

function anotherDevice(q: Question): Route | null {
  const { projectId, language } = q.request;
  const fit = q.devices.filter((d) => reachable(d) && d.projectIds.includes(projectId) && hasRuntime(d, language)).sort(order);
  return fit[0] ? onDevice(fit[0], 'device_online', `${fit[0].name} · online with this project`) : null;
}

/** The device the person would have expected: the session's, else one with the project, the most recently seen. */
function expected(q: Question): RouteDevice | null {
  const holder = q.devices.find((d) => q.session?.target === 'device' && d.id === q.session.deviceId && !q.session.endedAt);
  const linked = q.devices.filter((d) => d.projectIds.includes(q.request.projectId));
  return holder ?? [...linked].sort((a, b) => Number(b.lastSeenAt ?? 0) - Number(a.lastSeenAt ?? 0))[0] ?? null;
}

function fallback(q: Question): Route {
  const { flags, settings, request } = q;
  const missing = expected(q);
  const allowed = flags.ENABLE_CLOUD_FALLBACK && (settings.projectFallbackToCloud ?? settings.fallbackToCloud);
  if (allowed) {
    if (!flags.ENABLE_DEVICE_AGENT)
      return cloud('routing_disabled', 'Cloud · fresh session: connections from computers are switched off right now');
    if (missing && missing.presence === 'offline')
      return cloud('fallback_device_offline', `Cloud · fresh session: ${missing.name} was offline`);
    if (missing?.unfit) return cloud('fallback_no_runtime', `Cloud · fresh session: ${missing.unfit}`);
    if (missing)
      return cloud('fallback_no_runtime', `Cloud · fresh session: ${missing.name} cannot run ${request.language} for this project now`);
    return cloud('fallback_no_runtime', 'Cloud: none of your computers has this project');
  }
  if (!missing) return queue('Waiting: none of your computers has this project, and running in the cloud is switched off.', null);
  if (reachable(missing))
    return queue(`Waiting: ${missing.name} has no runtime for ${request.language}. Start one there, or allow the cloud.`, missing.id);
  return queue(whyNot(missing, settings.now), missing.id);
}

/**
 * RU5, RU6, RU7: where a run goes and why. Pure. Order: the person's choice, the place of the batch, the device that holds the
 * session, the person's default, another online device with the project and the runtime, the cloud where allowed, the queue.
 */
export function chooseTarget(
  request: RouteRequest,
  devices: readonly RouteDevice[],
  session: RouteSession | null,
  flags: RouteFlags,
  settings: RouteSettings,
): Route {
  if (!flags.ENABLE_REMOTE_EXEC_ROUTING) return cloud('routing_disabled', 'Cloud: running on your computers is switched off right now');
  const usable = flags.ENABLE_DEVICE_AGENT
    ? devices
    : devices.map((d) => ({ ...d, unfit: 'Connections from computers are switched off right now', presence: 'suspect' as const }));
  const q: Question = { request, devices: usable, session, flags, settings };
  if (request.target) return held(q, request.target, 'user_choice', 'you chose it');
  if (request.batchTarget) return held(q, request.batchTarget, 'session_affinity', 'this batch runs there');
  return affinity(q) ?? preferred(q) ?? anotherDevice(q) ?? fallback(q);
}
