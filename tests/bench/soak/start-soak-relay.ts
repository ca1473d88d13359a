import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePort } from '@markco/testing/free-port';
import { until } from '@markco/testing/relay-harness';
import { RELAY_SECRET } from '../../lib/relay-process.ts';
import { PROBE_ARGS, Probe } from '../relay/servers/probe.ts';

/** A relay process that can be asked what it holds. */
export interface SoakRelay {
  readonly port: number;
  readonly probe: Probe;
  /** Ends it; resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** Starts `soak-relay.ts` on a database. */
export async function startSoakRelay(databaseUrl: string, unloadMs: number): Promise<SoakRelay> {
  const port = await freePort();
  const child = spawn(process.execPath, [...PROBE_ARGS, '--import', 'tsx', fileURLToPath(new URL('./soak-relay.ts', import.meta.url))], {
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: databaseUrl,
      MARKCO_SECRET: RELAY_SECRET,
      SYNC_RELAY_PORT: String(port),
      SOAK_UNLOAD_MS: String(unloadMs),
      NODE_NO_WARNINGS: '1',
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await ready(child, port);
  return {
    port,
    probe: new Probe(child),
    async stop() {
      const exit = once(child, 'exit') as Promise<[number | null]>;
      child.kill('SIGTERM');
      return (await exit)[0];
    },
  };
}

async function ready(child: ChildProcess, port: number): Promise<void> {
  let isReady = false;
  const look = async () => {
    isReady = await fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  };
  await until(() => isReady || child.exitCode !== null, 60_000, 'the relay to be ready', look);
  if (!isReady) throw new Error(`The relay ended with ${child.exitCode} before it was ready.`);
}
