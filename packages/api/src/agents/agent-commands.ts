import type { RegisterMessage, ServerMessage } from '@markco/core/device/agent-message';
import { AGENT_PROTOCOL_VERSION, HEARTBEAT_MS } from '@markco/core/device/constants';
import { AppError } from '@markco/core/errors';
import type { Principal } from '../auth/principal.ts';
import type { Resources } from '../resources.ts';
import { dispatchContextOf } from '../run-engine/dispatch-context.ts';
import { type AgentConnection, type CloseReason, connectionsOf } from './connections.ts';
import { envelope } from './deliver-command.ts';
import { deviceListMessage } from './device-list-message.ts';
import { KnownRuntimes } from './known-runtimes.ts';
import { registerDevice } from './register-device.ts';
import { sendPending } from './send-pending.ts';
import { ToldCancels } from './told-cancels.ts';

const CLOSED: Record<CloseReason, () => AppError> = {
  superseded: () => new AppError('conflict', 'A newer connection of this device took over.', { details: { reason: 'superseded' } }),
  revoked: () =>
    new AppError('unauthenticated', 'This device was signed out. Sign in again to connect it.', { details: { reason: 'revoked' } }),
  going_away: () => new AppError('unavailable', 'The server restarts. Connect again in a moment.', { details: { reason: 'going_away' } }),
};

/**
 * AG1: the command stream of one device: WELCOME, the devices of the person, what was decided while it was away (RU12: cancels first),
 * then commands as they come. One socket a device, the newest wins (AG2). Ends when the socket does.
 */
export async function* agentCommands(
  resources: Resources,
  principal: Principal,
  hello: RegisterMessage,
  signal: AbortSignal,
): AsyncGenerator<ServerMessage> {
  const connectionId = resources.newId();
  const device = await registerDevice(resources, principal, hello, connectionId);
  const stream = openStream(resources, {
    connectionId,
    deviceId: device.id,
    userId: device.userId,
    worker: device.kind === 'worker',
    principal,
    projectIds: hello.projectIds,
  });
  const connections = connectionsOf(resources);
  signal.addEventListener('abort', stream.end, { once: true });
  if (signal.aborted) stream.end();
  connections.add(stream.connection);
  dispatchContextOf(resources).deviceChanged(device.id);
  resources.log.info({ user_id: device.userId, device_id: device.id }, 'agent connected');
  try {
    await resources.bus.publish({
      topic: 'device.command',
      deviceId: device.id,
      command: { kind: 'superseded', userId: device.userId, by: connectionId },
    });
    const head = envelope(resources, device.userId, device.id);
    yield { ...head, type: 'WELCOME', protocol: AGENT_PROTOCOL_VERSION, heartbeatMs: HEARTBEAT_MS, serverTime: head.timestamp };
    await sendPending(resources, device.id);
    if (device.kind !== 'worker') yield await deviceListMessage(resources, device.userId, device.id);
    yield* stream.messages();
  } finally {
    connections.remove(stream.connection);
    await release(resources, device, connectionId);
    resources.log.info({ user_id: device.userId, device_id: device.id }, 'agent disconnected');
  }
}

/** AG2: without a socket the device is suspect at once, and whoever looks at it sees that. A failure is mended by the heartbeat's clock. */
async function release(resources: Resources, device: { id: string; userId: string }, connectionId: string): Promise<void> {
  try {
    const { count } = await resources.db.device.updateMany({ where: { id: device.id, connectionId }, data: { connectionId: null } });
    if (count > 0) await resources.bus.publish({ topic: 'devices.changed', userId: device.userId });
  } catch (error) {
    resources.log.warn({ err: error, device_id: device.id }, 'a connection that ended could not be written down');
  }
}

type Who = Pick<AgentConnection, 'connectionId' | 'deviceId' | 'userId' | 'worker' | 'principal'> & { projectIds: readonly string[] };

function openStream(resources: Resources, who: Who) {
  const queue: ServerMessage[] = [];
  let ended = false;
  let failure: AppError | null = null;
  let wake: () => void = () => {};
  const end = () => {
    ended = true;
    wake();
  };
  const connection: AgentConnection = {
    ...who,
    projectIds: new Set(who.projectIds),
    openedAt: resources.clock.now(),
    runtimes: new KnownRuntimes(),
    cancels: new ToldCancels(),
    push(message) {
      queue.push(message);
      wake();
    },
    close(reason) {
      failure ??= CLOSED[reason]();
      end();
    },
  };
  async function* messages(): AsyncGenerator<ServerMessage> {
    while (true) {
      while (queue.length > 0 && !failure) yield queue.shift()!;
      if (failure) throw failure;
      if (ended) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (queue.length > 0 || ended) resolve();
      });
    }
  }
  return { connection, messages, end };
}
