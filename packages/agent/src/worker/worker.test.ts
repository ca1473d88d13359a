import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLog } from '@markco/sync/log';
import { type FakeGateway, startFakeGateway } from '@markco/testing/fake-gateway';
import { v7 } from 'uuid';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SandboxDriver, SandboxOptions, SandboxRuntime } from '../runtimes/sandbox/sandbox-driver.ts';
import { type Cell, FakeRuntime } from '../test-support/fake-runtime.ts';
import { sampleOffer } from '../test-support/sample-offer.ts';
import { waitUntil } from '../test-support/wait-until.ts';
import { Worker } from './worker.ts';

const cells: Record<string, Cell> = {
  hello: ({ print }) => print('hello\n'),
  wait: async ({ print, interrupted }) => {
    await print('.');
    return interrupted;
  },
};

class FakeSandbox extends FakeRuntime {
  override readonly kind = 'sandbox' as never;
  files: Record<string, string>;
  constructor(files: Record<string, string>) {
    super(cells);
    this.files = files;
  }
  putFiles(files: Record<string, string>): void {
    this.files = files;
  }
}

let gateway: FakeGateway;
let dir: string;
let worker: Worker;
let started: { options: SandboxOptions; runtime: FakeSandbox }[];
const driver: SandboxDriver = {
  name: 'pyodide',
  prepare: async () => {},
  start: async (options) => {
    const runtime = new FakeSandbox(options.files ?? {});
    started.push({ options, runtime });
    return runtime as unknown as SandboxRuntime;
  },
};

beforeEach(async () => {
  gateway = await startFakeGateway();
  started = [];
  dir = await mkdtemp(path.join(tmpdir(), 'markco-worker-'));
  worker = new Worker({
    server: gateway.url,
    token: 'mkw_secret',
    dir,
    driver,
    maxSandboxes: 2,
    log: silentLog,
    connection: { delay: () => 5 },
  });
  await worker.start();
  await waitUntil(() => worker.state === 'online', 'the worker');
});
afterEach(async () => {
  await worker.stop();
  await gateway.close();
  await rm(dir, { recursive: true, force: true });
});

async function run(over: Parameters<typeof sampleOffer>[0] = {}) {
  const offer = sampleOffer({ code: 'hello', cloud: true, ...over });
  gateway.offer(offer);
  await gateway.ended(offer.runId);
  return gateway.eventsOf(offer.runId);
}

describe('worker', () => {
  it('AG6 registers with its service credential and keeps its id over restarts', async () => {
    expect(gateway.registered[0]).toMatchObject({ kind: 'worker', projectIds: [] });
    await worker.stop();
    worker = new Worker({ server: gateway.url, token: 'mkw_secret', dir, driver, log: silentLog, connection: { delay: () => 5 } });
    await worker.start();
    await gateway.until(() => gateway.registered.length === 2);
    expect(gateway.registered[1]!.deviceId).toBe(gateway.registered[0]!.deviceId);
  });

  it('AG6 a sandbox a (user, project, language, session), with the documents as they are at each run', async () => {
    gateway.snapshot = { files: [{ path: 'index.md', text: 'one' }], truncated: false };
    expect((await run())[0]).toMatchObject({ kind: 'started', fresh: true });
    gateway.snapshot = { files: [{ path: 'index.md', text: 'two' }], truncated: false };
    expect((await run({ language: 'py' }))[0]).toMatchObject({ fresh: false });
    expect(started).toHaveLength(1);
    expect(started[0]!.options.files).toEqual({ 'index.md': 'one' });
    expect(started[0]!.runtime.files).toEqual({ 'index.md': 'two' });
    expect((await run({ userId: v7() }))[0]).toMatchObject({ fresh: true });
    expect(started).toHaveLength(2);
  });

  it('AG6 at most N live; the one idle for the longest makes room, busy ones stay', async () => {
    await run({ sessionName: 'a' });
    await run({ sessionName: 'b' });
    await run({ sessionName: 'c' });
    expect(worker.liveSandboxes).toBe(2);
    expect((await run({ sessionName: 'a' }))[0]).toMatchObject({ fresh: true });
    const busy = ['a', 'c'].map((sessionName) => sampleOffer({ code: 'wait', sessionName }));
    for (const offer of busy) gateway.offer(offer);
    await gateway.until(() => busy.every(({ runId }) => gateway.eventsOf(runId).some((body) => body.kind === 'stdout')));
    const refused = sampleOffer({ sessionName: 'd' });
    gateway.offer(refused);
    await gateway.until(() => gateway.runs.get(refused.runId)!.refused.length === 1);
    expect(gateway.runs.get(refused.runId)!.refused[0]).toMatchObject({ reason: 'limit' });
  });

  it('AG6 languages the cloud does not have are refused', async () => {
    const offer = sampleOffer({ language: 'r' });
    gateway.offer(offer);
    await gateway.until(() => gateway.runs.get(offer.runId)!.refused.length === 1);
    expect(gateway.runs.get(offer.runId)!.refused[0]).toMatchObject({ reason: 'no_runtime' });
  });
});
