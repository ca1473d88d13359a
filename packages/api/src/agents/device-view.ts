import type { DevicePresence, DeviceView, RuntimeInfo } from '@markco/core/device/device';
import { presence, worsePresence } from '@markco/core/device/presence';
import type { DbOrTx } from '@markco/db/client';
import type { Prisma } from '@markco/db/generated/client';
import type { Resources } from '../resources.ts';

const include = {
  runtimes: true,
  attachments: { select: { projectId: true } },
  capability: { select: { snapshot: true } },
} satisfies Prisma.DeviceInclude;
type DeviceRow = Prisma.DeviceGetPayload<{ include: typeof include }>;

/** Every device of the person, newest last; those of a switched-off gateway are listed as offline (OP1). */
export async function listDevices(resources: Resources, userId: string, db: DbOrTx = resources.db): Promise<DeviceView[]> {
  const [rows, flags] = await Promise.all([
    db.device.findMany({ where: { userId, revokedAt: null, kind: { not: 'worker' } }, include, orderBy: { createdAt: 'asc' } }),
    resources.flags.for(userId),
  ]);
  const now = resources.clock.now();
  return rows.map((row) => toDeviceView(row, flags.ENABLE_DEVICE_AGENT ? now : null));
}

/** @param now null: the gateway is switched off, nothing is online */
function toDeviceView(row: DeviceRow, now: Date | null): DeviceView {
  return {
    id: row.id,
    name: row.name,
    kind: row.kind as DeviceView['kind'],
    platform: row.platform,
    presence: now ? reachablePresence(row, now) : 'offline',
    allowRuns: row.allowRuns && agentAllowsRuns(row),
    lastSeenAt: row.lastSeenAt,
    createdAt: row.createdAt,
    agentVersion: row.agentVersion,
    runtimes: row.runtimes.map((r) => ({
      runtimeId: r.runtimeId,
      language: r.language,
      kind: r.kind as RuntimeInfo['kind'],
      label: r.label,
      state: r.state as RuntimeInfo['state'],
      ...(r.projectId && { projectId: r.projectId }),
      ...(r.sessionName && { sessionName: r.sessionName }),
    })),
    projectIds: row.attachments.map((a) => a.projectId),
  };
}

/** The device's own switch; the row's column is the person's on the web. Both must say yes. */
export const agentAllowsRuns = (row: { capability: { snapshot: Prisma.JsonValue } | null }): boolean =>
  (row.capability?.snapshot as { agentAllowsRuns?: boolean } | null)?.agentAllowsRuns !== false;

/** AG2: what the clock and the last goodbye say; a device whose socket is gone is suspect at once, so that it is probed. */
export function reachablePresence(
  row: { presence: string; lastSeenAt: Date | null; connectionId: string | null },
  now: Date,
): DevicePresence {
  const judged = worsePresence(row.presence as DevicePresence, presence(now, row.lastSeenAt));
  return row.connectionId === null ? worsePresence(judged, 'suspect') : judged;
}
