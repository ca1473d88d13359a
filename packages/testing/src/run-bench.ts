import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RunHost, type RunHostOptions } from '@markco/agent/runs/run-host';
import { FakePool } from '@markco/agent/test-support/fake-pool';
import type { Cell } from '@markco/agent/test-support/fake-runtime';
import { DEVICE_ID, PROJECT_ID, USER_ID } from '@markco/agent/test-support/sample-offer';
import { type Log, silentLog } from '@markco/sync/log';
import { type FakeGateway, startFakeGateway } from './fake-gateway.ts';

/** A run host with fake runtimes against a fake gateway; everything else is the real thing. */
export interface RunBench {
  gateway: FakeGateway;
  pool: FakePool;
  host: RunHost;
  dir: string;
  logged: string[];
  settings: { allowRuns: boolean; stale: string | null };
  /** As a crash: nothing is said, nothing is flushed; then a new process on the same journal. */
  crash(): Promise<void>;
  close(): Promise<void>;
}

export async function startRunBench(cells: Record<string, Cell>, over: Partial<RunHostOptions> = {}): Promise<RunBench> {
  const gateway = await startFakeGateway({ heartbeatMs: 50 });
  const dir = mkdtempSync(path.join(tmpdir(), 'markco-runs-'));
  const pool = new FakePool(cells);
  const logged: string[] = [];
  const settings = { allowRuns: true, stale: null as string | null };
  const make = (): RunHost =>
    new RunHost({
      server: gateway.url,
      identity: { userId: USER_ID, deviceId: DEVICE_ID },
      about: { name: 'Laptop', kind: 'desktop', platform: 'linux', version: '0' },
      journalDir: path.join(dir, 'journal'),
      pool,
      token: async () => 'token',
      onRefusedToken: () => {},
      allowRuns: () => settings.allowRuns,
      projectIds: () => [PROJECT_ID],
      machine: () => ({}),
      waitForFiles: async () => settings.stale,
      onState: () => {},
      onMessage: () => {},
      log: recordingLog(logged),
      busyPollMs: 5,
      retryMs: 20,
      connection: { delay: () => 5, replyWithinMs: 60_000, welcomeWithinMs: 60_000 },
      ...over,
    });
  const bench: RunBench = {
    gateway,
    pool,
    dir,
    logged,
    settings,
    host: make(),
    crash: async () => {
      const old = bench.host;
      // The socket goes, the process' memory goes, the file stays.
      old.journal.close();
      await old.connection.stop('quit').catch(() => undefined);
      pool.sessions.clear();
      bench.host = make();
      bench.host.start();
    },
    close: async () => {
      await bench.host.stop();
      await gateway.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  bench.host.start();
  await gateway.until(() => gateway.received.some((m) => m.type === 'RESUME'), 'the agent');
  return bench;
}

function recordingLog(lines: string[]): Log {
  const add = (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`);
  return { ...silentLog, info: add, warn: add, error: add };
}
