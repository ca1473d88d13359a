import type { OfferedRun, ServerMessage } from '@markco/core/device/agent-message';
import type { Resources } from '../resources.ts';
import { requestOf } from '../run-engine/run-row.ts';
import type { AgentConnection } from './connections.ts';
import type { DeviceCommand } from './device-command.ts';
import { unseal } from './seal.ts';

/** AG1: what stands on every message to an agent. */
export const envelope = (resources: Resources, userId: string, deviceId: string, requestId?: string) => ({
  messageId: resources.newId(),
  ...(requestId && { requestId }),
  userId,
  deviceId,
  timestamp: resources.clock.now().getTime(),
});

/** Turns a command into the message the agent understands and pushes it down its socket. */
export async function deliverCommand(resources: Resources, connection: AgentConnection, command: DeviceCommand): Promise<void> {
  if (command.kind === 'superseded') {
    if (command.by !== connection.connectionId) connection.close('superseded');
    return;
  }
  const requestId = 'requestId' in command ? command.requestId : undefined;
  const head = { ...envelope(resources, command.userId, connection.deviceId, requestId), type: 'MRP_REQUEST' as const };
  const message = await toMessage(resources, head, command);
  if (message) connection.push(message);
}

type Head = ReturnType<typeof envelope> & { type: 'MRP_REQUEST' };

async function toMessage(
  resources: Resources,
  head: Head,
  command: Exclude<DeviceCommand, { kind: 'superseded' }>,
): Promise<ServerMessage | null> {
  switch (command.kind) {
    case 'offer': {
      const offer = await loadOffer(resources, command.runId, command.attempt, head.deviceId);
      return offer && { ...head, kind: 'offer', offer };
    }
    case 'input':
      return { ...head, ...withoutUser(command), text: unseal(resources.secret, command.text) };
    default:
      return { ...head, ...withoutUser(command) } as ServerMessage;
  }
}

function withoutUser<T extends { userId: string }>(command: T): Omit<T, 'userId'> {
  const { userId: _, ...rest } = command;
  return rest;
}

/** The offer as the row has it now; null when it was withdrawn on the way. */
async function loadOffer(resources: Resources, runId: string, attempt: number, deviceId: string): Promise<OfferedRun | null> {
  const [run, project] = await Promise.all([
    resources.db.run.findFirst({ where: { id: runId, attempt, deviceId, state: { in: ['offered', 'running'] } } }),
    resources.db.project.findFirst({ where: { runs: { some: { id: runId } } }, select: { slug: true, name: true } }),
  ]);
  if (!run || !project) return null;
  return {
    runId,
    attempt,
    userId: run.userId,
    projectSlug: project.slug,
    projectName: project.name,
    docPath: run.docPath,
    request: requestOf(run),
    cloud: run.targetKind === 'cloud',
  };
}
