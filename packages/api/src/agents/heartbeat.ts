import type { AgentMessage, SendReply } from '@markco/core/device/agent-message';
import { canonicalLanguage } from '@markco/core/routing/languages';
import type { Tx } from '@markco/db/client';
import { inTx } from '@markco/db/in-tx';
import type { Principal } from '../auth/principal.ts';
import type { Resources } from '../resources.ts';
import { dispatchContextOf } from '../run-engine/dispatch-context.ts';
import { endSession } from '../run-engine/pin-session.ts';
import { stopGivenUp } from '../run-engine/stop-outlived.ts';
import { connectionsOf } from './connections.ts';
import { gatherHeartbeatsOf } from './gather-heartbeats.ts';
import { reportPresence } from './report-presence.ts';
import { storeCapabilities, upsertRuntime } from './store-capabilities.ts';

type Message<T extends AgentMessage['type']> = Extract<AgentMessage, { type: T }>;

/**
 * AG2: a sign of life with a capability snapshot. Clients hear of it only when something they show changed; one that brings nothing new
 * is stored together with those of other devices, the check of its sign-in included.
 * @returns null where that was not possible: {@link heartbeat} does it
 */
export async function plainHeartbeat(resources: Resources, principal: Principal, message: Message<'HEARTBEAT'>): Promise<SendReply | null> {
  const { deviceId, capabilities } = message;
  const { userId, familyId } = principal;
  const connection = connectionsOf(resources).get(deviceId);
  if (principal.kind !== 'device' || principal.deviceId !== deviceId || !familyId || connection?.principal !== principal) return null;
  if (connection.runtimes.stored !== JSON.stringify(capabilities.runtimes)) return null;
  const { connectionId } = connection;
  if (!(await gatherHeartbeatsOf(resources).store({ deviceId, userId, familyId, connectionId, capabilities }))) return null;
  if (message.projectIds) connection.projectIds = new Set(message.projectIds);
  return { ok: true };
}

/** AG2: a sign of life that may change what is known of the device. */
export async function heartbeat(resources: Resources, message: Message<'HEARTBEAT'>): Promise<SendReply> {
  const { deviceId, capabilities } = message;
  const connection = connectionsOf(resources).get(deviceId);
  if (connection && message.projectIds) connection.projectIds = new Set(message.projectIds);
  const stored = connection?.runtimes.begin();
  await alive(resources, deviceId, (tx, at) => storeCapabilities(tx, deviceId, capabilities, at));
  stored?.(JSON.stringify(capabilities.runtimes));
  return { ok: true };
}

/** A runtime started, or changed its state: an idle one may take what waits for it (RU13). */
export async function runtimeUp(resources: Resources, message: Message<'RUNTIME_UP'>): Promise<SendReply> {
  const stored = connectionsOf(resources).get(message.deviceId)?.runtimes.begin();
  await alive(resources, message.deviceId, async (tx, at) => {
    await upsertRuntime(tx, message.deviceId, message.runtime, at);
    return true;
  });
  stored?.(null);
  return { ok: true };
}

/** AG5, RU6: a runtime is gone, and the variables of its session with it. */
export async function runtimeDown(resources: Resources, message: Message<'RUNTIME_DOWN'>): Promise<SendReply> {
  const { deviceId, runtimeId } = message;
  const stored = connectionsOf(resources).get(deviceId)?.runtimes.begin();
  await alive(resources, deviceId, async (tx, at) => {
    const runtime = await tx.deviceRuntime.findUnique({ where: { deviceId_runtimeId: { deviceId, runtimeId } } });
    await tx.deviceRuntime.deleteMany({ where: { deviceId, runtimeId } });
    if (!runtime?.projectId) return runtime !== null;
    const { projectId, language, sessionName } = runtime;
    const sessions = await tx.runtimeSession.findMany({
      where: { deviceId, projectId, language: canonicalLanguage(language), name: sessionName ?? 'default', endedAt: null },
    });
    for (const { userId, name, language: held } of sessions) await endSession(tx, { userId, projectId, language: held, name }, at);
    return true;
  });
  stored?.(null);
  return { ok: true };
}

/** AG2: sleep, quit or sign-out: offline at once. */
export async function goodbye(resources: Resources, message: Message<'GOODBYE'>): Promise<SendReply> {
  await inTx(resources.db, async (tx) => {
    const before = await lockDevice(tx, message.deviceId);
    const device = await tx.device.update({
      where: { id: message.deviceId },
      data: { presence: 'offline', connectionId: null, lastSeenAt: resources.clock.now() },
    });
    reportPresence(resources, tx, device, before, 'offline', message.reason);
  });
  return { ok: true };
}

async function alive(resources: Resources, deviceId: string, store: (tx: Tx, at: Date) => Promise<boolean>): Promise<void> {
  const at = resources.clock.now();
  const wasLost = await inTx(resources.db, async (tx) => {
    const before = await lockDevice(tx, deviceId);
    const changed = await store(tx, at);
    const device = await tx.device.update({ where: { id: deviceId }, data: { lastSeenAt: at, presence: 'online' } });
    if (changed) dispatchContextOf(resources).deviceChanged(deviceId);
    if (changed || before !== 'online') reportPresence(resources, tx, device, before, 'online', 'heartbeat');
    return before === 'offline';
  });
  const connection = connectionsOf(resources).get(deviceId);
  if (wasLost && connection) await stopGivenUp(resources, deviceId, connection.openedAt);
}

/** The presence as it was, with the row locked, so that each transition is counted once. */
async function lockDevice(tx: Tx, deviceId: string): Promise<string> {
  const [row] = await tx.$queryRaw<{ presence: string }[]>`SELECT presence FROM devices WHERE id = ${deviceId}::uuid FOR UPDATE`;
  return row?.presence ?? 'offline';
}
