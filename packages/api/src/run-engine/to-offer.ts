import type { OfferedRun } from '@markco/core/device/agent-message';
import { type RunRow, requestOf } from './run-row.ts';

/** RU10: what an agent reads in an offer of the row as it is now. */
export function toOffer(run: RunRow, project: { slug: string; name: string }): OfferedRun {
  return {
    runId: run.id,
    attempt: run.attempt,
    userId: run.userId,
    projectSlug: project.slug,
    projectName: project.name,
    docPath: run.docPath,
    request: requestOf(run),
    cloud: run.targetKind === 'cloud',
  };
}
