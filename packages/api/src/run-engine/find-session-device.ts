import { reachablePresence } from '../agents/device-view.ts';
import type { Resources } from '../resources.ts';
import { pickWorker } from './pick-worker.ts';
import { decideRoute } from './route-run.ts';

/** A runtime session by its name. */
export interface SessionName {
  userId: string;
  projectId: string;
  language: string;
  sessionName: string;
}

/**
 * The connected device or worker that holds a session, else the one a run would go to now. Null when there is none: what asks here
 * does not wait (AG7).
 */
export async function findSessionDevice(resources: Resources, session: SessionName): Promise<string | null> {
  const run = { id: resources.newId(), ...session, batchId: null, request: {} };
  const held = await resources.db.runtimeSession.findUnique({
    where: {
      userId_projectId_language_name: {
        userId: session.userId,
        projectId: session.projectId,
        language: session.language,
        name: session.sessionName,
      },
    },
  });
  const holder = held && !held.endedAt && held.deviceId ? await connected(resources, held.deviceId) : null;
  if (holder) return holder;
  const route = await decideRoute(resources, run);
  if (route.target.kind === 'device') return connected(resources, route.target.deviceId);
  return route.target.kind === 'cloud' ? pickWorker(resources.db, session, resources.clock.now()) : null;
}

async function connected(resources: Resources, deviceId: string): Promise<string | null> {
  const device = await resources.db.device.findFirst({ where: { id: deviceId, revokedAt: null } });
  return device?.connectionId && reachablePresence(device, resources.clock.now()) !== 'offline' ? device.id : null;
}
