import { createHash } from 'node:crypto';
import type { OfferedRun } from '@markco/core/device/agent-message';
import { v7 } from 'uuid';

export const USER_ID = '018f0000-0000-7000-8000-000000000001';
export const DEVICE_ID = '018f0000-0000-7000-8000-0000000000d1';
export const PROJECT_ID = '018f0000-0000-7000-8000-0000000000aa';
export const DOCUMENT_ID = '018f0000-0000-7000-8000-0000000000dd';

/** An offer as the server makes it; for tests. */
export function sampleOffer(
  over: Partial<OfferedRun> & { code?: string; sessionName?: string; language?: string; stateVector?: string } = {},
): OfferedRun {
  const { code = 'print(1)', sessionName = 'default', language = 'python', stateVector, ...rest } = over;
  const runId = rest.runId ?? v7();
  return {
    runId,
    attempt: 1,
    userId: USER_ID,
    projectSlug: 'demo',
    projectName: 'Demo',
    docPath: 'index.md',
    cloud: false,
    request: {
      runId,
      projectId: PROJECT_ID,
      documentId: DOCUMENT_ID,
      epoch: 'e1',
      language,
      code,
      codeHash: createHash('sha256').update(code).digest('hex'),
      sessionName,
      ...(stateVector && { stateVector }),
    },
    ...rest,
  };
}
