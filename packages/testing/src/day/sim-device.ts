import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RunHost } from '@markco/agent/runs/run-host';
import { silentLog } from '@markco/sync/log';
import type { DayBook } from './day-book.ts';
import type { SimClock } from './sim-clock.ts';
import type { SimMachine } from './sim-machine.ts';
import { Link, type Network } from './sim-network.ts';
import { SimPool } from './sim-pool.ts';

export interface DeviceOptions {
  readonly clock: SimClock;
  readonly network: Network;
  readonly book: DayBook;
  readonly deviceId: string;
  readonly userId: string;
  /** What the person calls it. */
  readonly name: string;
  readonly worker: boolean;
  readonly projectIds: string[];
  /** How wrong its clock is, in ms. */
  readonly skewMs: number;
}

/** A computer with the real agent on it: connection, journal on a real folder, outbox and run manager; its runtimes are simulated. */
export class SimDevice {
  readonly name: string;
  readonly deviceId: string;
  readonly #o: DeviceOptions;
  readonly #link = new Link();
  readonly #dir = mkdtempSync(path.join(tmpdir(), 'markco-day-'));
  #machine!: SimMachine;
  #host: RunHost | null = null;
  #pool!: SimPool;
  #goodbyeSaid = false;
  allowRuns = true;

  constructor(options: DeviceOptions) {
    this.#o = options;
    this.name = options.name;
    this.deviceId = options.deviceId;
  }

  /** Its agent runs. */
  get isOn(): boolean {
    return this.#host !== null;
  }

  get asleep(): boolean {
    return this.isOn && this.#machine.asleep;
  }

  /** Its agent runs, and what it says passes. */
  get isReachable(): boolean {
    return this.isOn && !this.#machine.asleep && this.#link.state === 'up';
  }

  /** The agent starts, with what the last one left on disk. */
  boot(): void {
    if (this.#host) return;
    const { clock, network, deviceId, userId, name, worker, projectIds, skewMs, book } = this.#o;
    this.#machine = clock.machine(name, skewMs);
    this.#goodbyeSaid = false;
    this.#machine.run(() => {
      const pool = new SimPool(this.#machine, name, book, worker);
      const host = new RunHost({
        server: 'http://localhost:3000',
        identity: { userId, deviceId },
        about: { name, kind: worker ? 'worker' : 'desktop', platform: 'linux', version: '0.0.0-test' },
        journalDir: path.join(this.#dir, 'journal'),
        pool,
        token: async () => deviceId,
        onRefusedToken: () => {},
        allowRuns: () => this.allowRuns,
        projectIds: () => projectIds,
        machine: () => ({}),
        waitForFiles: async () => null,
        onState: () => {},
        onMessage: () => {},
        log: silentLog,
        connection: { WebSocket: network.webSockets(this.#link) as never },
      });
      pool.changes = {
        up: (runtime) => host.announce({ type: 'RUNTIME_UP', runtime }),
        down: (runtimeId) => host.announce({ type: 'RUNTIME_DOWN', runtimeId, reason: 'it ended' }),
      };
      this.#pool = pool;
      this.#host = host;
      host.start();
    });
  }

  /** kill -9 of the agent and its runtimes; `silent`: of the whole computer, so that nobody is told. */
  crash(silent: boolean): void {
    const host = this.#host;
    if (!host) return;
    this.#host = null;
    this.#machine.die();
    host.journal.close();
    if (!silent) this.#link.hangUp();
  }

  /** The agent is ended in order. */
  quit(): Promise<void> {
    const host = this.#host;
    if (!host || this.asleep) return Promise.resolve();
    this.#host = null;
    const machine = this.#machine;
    return machine.run(async () => {
      await host.stop('quit');
      machine.die();
    });
  }

  /** The lid is closed. `announced`: the system tells the agent before it stops everything. */
  sleep(announced: boolean): void {
    if (!this.#host || this.asleep) return;
    const [host, machine] = [this.#host, this.#machine];
    this.#goodbyeSaid = announced;
    if (announced) machine.run(() => void host.connection.stop('sleep').then(() => machine.sleep()));
    else machine.sleep();
  }

  wake(): void {
    const host = this.#host;
    if (!host || !this.asleep) return;
    this.#machine.wake();
    if (!this.#goodbyeSaid) return;
    this.#goodbyeSaid = false;
    this.#machine.run(() => {
      host.connection.start();
      host.connection.reconnect();
    });
  }

  setLink(state: Link['state']): void {
    this.#link.set(state);
  }

  killRuntimes(): void {
    if (this.#host && !this.asleep) this.#machine.run(() => this.#pool.killAll());
  }

  /** The runs its journal still keeps, in words. */
  journal(): string[] {
    return this.#host?.journal.runs().map((run) => `${run.offer.request.code} ${run.phase} ${run.ackedSeq}/${run.lastSeq}`) ?? [];
  }

  /** Ends it without a trace. */
  remove(): void {
    this.crash(true);
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
