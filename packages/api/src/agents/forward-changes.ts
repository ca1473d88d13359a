import { stillStands } from '../auth/authenticate.ts';
import type { Resources } from '../resources.ts';
import type { AgentConnections } from './connections.ts';
import { envelope } from './deliver-command.ts';
import { deviceListMessage } from './device-list-message.ts';

/** Several changes within this many ms make one DEVICE_LIST. */
const GATHER_MS = 100;

/**
 * What the agents of this process hear without asking: DOC_CHANGED for projects they hold (FB3), DEVICE_LIST within a second (AG2), and
 * the end of their socket when their device was revoked (AG8). Returns the function that ends it.
 */
export function forwardChanges(resources: Resources, connections: AgentConnections): () => void {
  const pending = new Map<string, NodeJS.Timeout>();
  const sendLists = async (userId: string) => {
    pending.delete(userId);
    for (const connection of connections.all()) {
      if (connection.userId === userId && !connection.worker)
        connection.push(await deviceListMessage(resources, userId, connection.deviceId));
    }
  };
  const logged = (task: Promise<unknown>) => task.catch((err) => resources.log.warn({ err }, 'agents were not told of a change'));
  const stops = [
    resources.bus.subscribe('document.changed', ({ userId, projectId, documentId, change, by }) => {
      for (const connection of connections.all()) {
        if (connection.userId !== userId || !connection.projectIds.has(projectId) || by === connection.deviceId) continue;
        connection.push({ ...envelope(resources, userId, connection.deviceId), type: 'DOC_CHANGED', projectId, documentId, change });
      }
    }),
    resources.bus.subscribe('devices.changed', ({ userId }) => {
      if (pending.has(userId) || !connections.all().some((c) => c.userId === userId && !c.worker)) return;
      pending.set(
        userId,
        setTimeout(() => logged(sendLists(userId)), GATHER_MS),
      );
    }),
    resources.bus.subscribe('access.changed', ({ userId }) => logged(closeRevoked(resources, connections, userId))),
    resources.bus.onReconnect(() => {
      const users = new Set(connections.all().map((c) => c.userId));
      for (const userId of users) void logged(closeRevoked(resources, connections, userId).then(() => sendLists(userId)));
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    for (const timer of pending.values()) clearTimeout(timer);
  };
}

async function closeRevoked(resources: Resources, connections: AgentConnections, userId: string): Promise<void> {
  for (const connection of connections.all()) {
    if (connection.userId !== userId) continue;
    const device = await resources.db.device.count({ where: { id: connection.deviceId, userId, revokedAt: null } });
    if (device === 0 || !(await stillStands(resources, connection.principal))) connection.close('revoked');
  }
}
