import type { CapabilitySnapshot, RuntimeInfo } from '@markco/core/device/device';
import type { Tx } from '@markco/db/client';

/** What the server keeps of a snapshot beside the runtimes' own rows. */
type Kept = Omit<CapabilitySnapshot, 'runtimes'> & { agentAllowsRuns?: boolean };

/**
 * AG2: stores a heartbeat's snapshot and makes `device_runtimes` say exactly what it says.
 * @returns whether the runtimes changed, so that routing and the devices page should look again
 */
export async function storeCapabilities(
  tx: Tx,
  deviceId: string,
  snapshot: CapabilitySnapshot,
  at: Date,
  hello?: { allowRuns: boolean },
): Promise<boolean> {
  const { runtimes, ...rest } = snapshot;
  const before = await tx.deviceCapability.findUnique({ where: { deviceId } });
  const agentAllowsRuns = hello?.allowRuns ?? (before?.snapshot as Kept | undefined)?.agentAllowsRuns ?? true;
  const kept: Kept = { ...rest, agentAllowsRuns };
  await tx.deviceCapability.upsert({
    where: { deviceId },
    create: { deviceId, snapshot: kept, updatedAt: at },
    update: { snapshot: kept, updatedAt: at },
  });
  return storeRuntimes(tx, deviceId, runtimes, at);
}

async function storeRuntimes(tx: Tx, deviceId: string, runtimes: readonly RuntimeInfo[], at: Date): Promise<boolean> {
  const before = await tx.deviceRuntime.findMany({ where: { deviceId } });
  const byId = new Map(before.map((row) => [row.runtimeId, row]));
  let changed = before.length !== new Set(runtimes.map((r) => r.runtimeId)).size;
  for (const runtime of runtimes) {
    const known = byId.get(runtime.runtimeId);
    const data = runtimeColumns(runtime);
    if (known && (Object.keys(data) as (keyof typeof data)[]).every((key) => known[key] === data[key])) continue;
    changed = true;
    await upsertRuntime(tx, deviceId, runtime, at);
  }
  if (changed) await tx.deviceRuntime.deleteMany({ where: { deviceId, runtimeId: { notIn: runtimes.map((r) => r.runtimeId) } } });
  return changed;
}

const runtimeColumns = (runtime: RuntimeInfo) => ({
  language: runtime.language,
  kind: runtime.kind,
  label: runtime.label,
  projectId: runtime.projectId ?? null,
  sessionName: runtime.sessionName ?? null,
  state: runtime.state,
});

/** RUNTIME_UP, and each changed one of a snapshot. */
export async function upsertRuntime(tx: Tx, deviceId: string, runtime: RuntimeInfo, at: Date): Promise<void> {
  const data = { ...runtimeColumns(runtime), updatedAt: at };
  const where = { deviceId_runtimeId: { deviceId, runtimeId: runtime.runtimeId } };
  await tx.deviceRuntime.upsert({ where, create: { deviceId, runtimeId: runtime.runtimeId, ...data }, update: data });
}
