import { notFound } from '@markco/core/errors';
import type { Principal } from '../auth/principal.ts';
import type { Resources } from '../resources.ts';

/**
 * The run an agent works on: granted or offered to a device of its credential. A worker sees the runs it was given and nothing else.
 * @throws AppError not_found
 */
export async function agentRun(resources: Resources, principal: Principal, runId: string) {
  const run = await resources.db.run.findFirst({
    where: { id: runId, device: { userId: principal.userId, revokedAt: null, ...(principal.deviceId && { id: principal.deviceId }) } },
    include: { device: { select: { kind: true } } },
  });
  const fits = run && (principal.kind === 'worker') === (run.device?.kind === 'worker');
  if (!run || !fits) throw notFound('The run');
  return run;
}
