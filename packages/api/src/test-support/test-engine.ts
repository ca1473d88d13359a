import type { RunWatchItem } from '@markco/core/run/run-event';
import { makeProject, type TestProject } from '@markco/testing/run-factories';
import type { Principal } from '../auth/principal.ts';
import type { Resources } from '../resources.ts';
import { createRunEngine, type RunEngine, type RunEngineOptions } from '../run-engine/run-engine.ts';
import type { RunRow } from '../run-engine/run-row.ts';
import { watchRun } from '../run-engine/watch-run.ts';
import { type TestResources, testPerson, testResources } from './test-resources.ts';

/** A person with a project and an engine on a database of their own. */
export interface TestEngine {
  resources: TestResources;
  ada: Principal;
  project: TestProject;
  engine: RunEngine;
  /** Another web process: its own sockets and timers on the same database and bus. */
  anotherProcess(options?: RunEngineOptions): { resources: Resources; engine: RunEngine };
  run(runId: string): Promise<RunRow>;
  /** Resolves with the row once it fits; looks whenever something changes. */
  untilRun(runId: string, fits: (run: RunRow) => boolean): Promise<RunRow>;
  watch(runId: string, after?: number): Promise<RunWatchItem[]>;
  close(): Promise<void>;
}

export async function testEngine(
  options: { env?: Record<string, string>; text?: string; started?: boolean; engine?: RunEngineOptions } = {},
): Promise<TestEngine> {
  const resources = await testResources(options.env);
  const ada = await testPerson(resources);
  const project = await makeProject(resources, ada, options.text);
  const engines: RunEngine[] = [];
  const makeEngine = (of: Resources, engineOptions?: RunEngineOptions) => {
    const engine = createRunEngine(of, { relayUrl: null, ...options.engine, ...engineOptions });
    engines.push(engine);
    if (options.started ?? true) engine.start();
    return engine;
  };
  const run = (runId: string) => resources.db.run.findUniqueOrThrow({ where: { id: runId } });
  return {
    resources,
    ada,
    project,
    engine: makeEngine(resources),
    anotherProcess(engineOptions) {
      const copy: Resources = { ...resources };
      return { resources: copy, engine: makeEngine(copy, engineOptions) };
    },
    run,
    async untilRun(runId, fits) {
      for (;;) {
        const row = await run(runId);
        if (fits(row)) return row;
        await changed(resources, runId);
      }
    },
    async watch(runId, after = 0) {
      const items: RunWatchItem[] = [];
      for await (const item of watchRun(resources, ada, runId, after, new AbortController().signal)) items.push(item);
      return items;
    },
    async close() {
      await Promise.all(engines.map((engine) => engine.stop()));
      await resources.drop();
    },
  };
}

/** The next word about a run, or a moment, whichever is first. */
function changed(resources: Resources, runId: string): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      stop();
      resolve();
    };
    const timer = setTimeout(done, 25);
    const stop = resources.bus.subscribe('run.changed', (message) => message.runId === runId && done());
  });
}
