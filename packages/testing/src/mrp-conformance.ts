import type { MrpEndpoint } from '@markco/agent/runtimes/mrp-http';
import type { Runtime } from '@markco/agent/runtimes/runtime';
import { afterAll, beforeAll, describe } from 'vitest';
import { displayCases } from './mrp-cases/display-cases.ts';
import { executionCases } from './mrp-cases/execution-cases.ts';
import { introspectionCases } from './mrp-cases/introspection-cases.ts';
import { stdinCases } from './mrp-cases/stdin-cases.ts';
import { wireCases } from './mrp-cases/wire-cases.ts';

/** What a runtime can do beyond the protocol's core. A string names why a case is skipped, and shows in its name. */
export interface MrpFeatures {
  /** Cells may start processes, fork and write to descriptors. */
  processes: boolean;
  /** matplotlib can be imported; false where the runtime is made without it, and there is nothing to test; else why the case is skipped. */
  matplotlib: boolean | string;
  /** pandas can be imported; as for matplotlib. */
  pandas: boolean | string;
  /** Where it listens, once it is started, if the HTTP itself is to be looked at. */
  endpoint?: () => MrpEndpoint;
}

/** The runtime of the running suite. */
export interface MrpSubject {
  runtime: Runtime;
}

/**
 * Registers the suite every Python runtime of ours must pass (AG4, AG7, RU12–RU14, RU18, RU19).
 * @param start starts a fresh runtime; the suite closes it
 */
export function mrpConformance(name: string, start: () => Promise<Runtime>, features: MrpFeatures): void {
  describe(`${name}: MRP conformance`, () => {
    const subject = {} as MrpSubject;
    beforeAll(async () => {
      subject.runtime = await start();
    });
    afterAll(async () => {
      await subject.runtime?.close();
    });
    executionCases(subject, features);
    displayCases(subject, features);
    stdinCases(subject);
    introspectionCases(subject);
    if (features.endpoint) wireCases(subject, features.endpoint);
  });
}
