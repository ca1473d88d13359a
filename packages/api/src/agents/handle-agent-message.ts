import type { AgentMessage, MrpResponse, SendReply } from '@markco/core/device/agent-message';
import { AppError } from '@markco/core/errors';
import type { Principal } from '../auth/principal.ts';
import type { Resources } from '../resources.ts';
import { acceptRun } from '../run-engine/accept-run.ts';
import { dispatchContextOf } from '../run-engine/dispatch-context.ts';
import { recordRunEvents } from '../run-engine/record-run-event.ts';
import { refuseRun } from '../run-engine/refuse-run.ts';
import { reportStatus, resumeRuns } from '../run-engine/resume-runs.ts';
import { connectionsOf } from './connections.ts';
import { goodbye, heartbeat, plainHeartbeat, runtimeDown, runtimeUp } from './heartbeat.ts';

/**
 * AG1: everything an agent says after REGISTER. The answer is the acknowledgement: what it names is in Postgres.
 * @throws AppError forbidden when the message names another device; unauthenticated once the device is revoked
 */
export async function handleAgentMessage(resources: Resources, principal: Principal, message: AgentMessage): Promise<SendReply> {
  const { deviceId } = message;
  const plain = message.type === 'HEARTBEAT' ? await plainHeartbeat(resources, principal, message) : null;
  if (plain) return plain;
  await checkSender(resources, principal, deviceId);
  switch (message.type) {
    case 'HEARTBEAT':
      return heartbeat(resources, message);
    case 'RUNTIME_UP':
      return runtimeUp(resources, message);
    case 'RUNTIME_DOWN':
      return runtimeDown(resources, message);
    case 'GOODBYE':
      return goodbye(resources, message);
    case 'RESUME':
      return { ok: true, resume: await resumeRuns(resources, deviceId, message, connectionsOf(resources).get(deviceId)?.openedAt ?? null) };
    case 'MRP_RESPONSE':
      return handleResponse(resources, deviceId, message);
  }
}

async function handleResponse(resources: Resources, deviceId: string, message: MrpResponse): Promise<SendReply> {
  switch (message.kind) {
    case 'accept': {
      const outcome = await acceptRun(resources, deviceId, message.runId, message.attempt);
      return outcome === 'granted' ? { ok: true } : { ok: false, ignored: 'the attempt is no longer open' };
    }
    case 'refuse':
      await refuseRun(resources, dispatchContextOf(resources), deviceId, message);
      return { ok: true };
    case 'events': {
      const { ackedSeq, ignored } = await recordRunEvents(resources, deviceId, message.runId, message.attempt, message.events);
      return ignored ? { ok: false, ignored } : { ok: true, ackedSeq };
    }
    case 'status':
      await reportStatus(resources, deviceId, message);
      return { ok: true };
    case 'answer':
      if (message.requestId) await connectionsOf(resources).answered(message.requestId, { result: message.result, error: message.error });
      return { ok: true };
  }
}

/** A device speaks for itself only; a worker for the devices its credential made. */
async function checkSender(resources: Resources, principal: Principal, deviceId: string): Promise<void> {
  if (principal.kind === 'device' && principal.deviceId !== deviceId) {
    throw new AppError('forbidden', 'This sign-in belongs to another device. Sign in again on this one.');
  }
  if (!(await stands(resources, principal, deviceId))) {
    throw new AppError('unauthenticated', 'This device was signed out. Sign in again to connect it.');
  }
}

/** SE2: every message asks; a device that speaks with its own sign-in may be believed for the 2 s its socket is. */
async function stands({ db, access }: Resources, { kind, userId, familyId }: Principal, deviceId: string): Promise<boolean> {
  if (kind === 'device' && familyId !== undefined) return access.deviceStands({ deviceId, userId, familyId });
  return (await db.device.count({ where: { id: deviceId, userId, revokedAt: null } })) > 0;
}
