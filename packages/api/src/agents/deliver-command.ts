import type { OfferedRun, ServerMessage } from '@markco/core/device/agent-message';
import type { Resources } from '../resources.ts';
import { RUN_COLUMNS } from '../run-engine/run-columns.ts';
import type { RunRow } from '../run-engine/run-row.ts';
import { toOffer } from '../run-engine/to-offer.ts';
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

/**
 * Turns a command into the message the agent understands and pushes it down its socket.
 * @param offer of an offer: what it says, where that was just written by this process; read from the row otherwise
 */
export async function deliverCommand(
  resources: Resources,
  connection: AgentConnection,
  command: DeviceCommand,
  offer?: OfferedRun,
): Promise<void> {
  if (command.kind === 'superseded') {
    if (command.by !== connection.connectionId) connection.close('superseded');
    return;
  }
  const requestId = 'requestId' in command ? command.requestId : undefined;
  const head = { ...envelope(resources, command.userId, connection.deviceId, requestId), type: 'MRP_REQUEST' as const };
  const message = await toMessage(resources, head, command, offer);
  if (command.kind === 'cancel') connection.cancels.tell(command.runId, command.force);
  if (message) connection.push(message);
}

type Head = ReturnType<typeof envelope> & { type: 'MRP_REQUEST' };

async function toMessage(
  resources: Resources,
  head: Head,
  command: Exclude<DeviceCommand, { kind: 'superseded' }>,
  known?: OfferedRun,
): Promise<ServerMessage | null> {
  switch (command.kind) {
    case 'offer': {
      const offer = known ?? (await loadOffer(resources, command.runId, command.attempt, head.deviceId));
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
  const [run] = await resources.sql.rows<RunRow>(
    `SELECT ${RUN_COLUMNS} FROM runs WHERE id = $1::uuid AND attempt = $2 AND device_id = $3::uuid AND state IN ('offered', 'running')`,
    [runId, attempt, deviceId],
  );
  if (!run) return null;
  const [project] = await resources.sql.rows<{ slug: string; name: string }>('SELECT slug, name FROM projects WHERE id = $1::uuid', [
    run.projectId,
  ]);
  return project ? toOffer(run, project) : null;
}
