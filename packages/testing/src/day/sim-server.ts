import type { EventEmitter } from 'node:events';
import { agentRouter } from '@markco/api/agents/agent-router';
import type { Principal } from '@markco/api/auth/principal';
import { makeContext } from '@markco/api/context';
import { readEnv } from '@markco/api/env';
import { assembleResources, type Resources } from '@markco/api/resources';
import { createRunEngine, type RunEngine } from '@markco/api/run-engine/run-engine';
import type { Db } from '@markco/db/client';
import type { Sql } from '@markco/db/sql';
import { getWSConnectionHandler } from '@trpc/server/adapters/ws';
import type { SimBus } from './sim-bus.ts';
import type { SimClock } from './sim-clock.ts';
import type { SimMachine } from './sim-machine.ts';
import type { Listener, ServerSocket } from './sim-network.ts';

/** As in the product (http/trpc-socket.ts). */
const KEEP_ALIVE = { enabled: true, pingMs: 25_000, pongWaitMs: 10_000 };
/** Rarer than in the product: a day is long. */
const SWEEP_EVERY_MS = 5_000;

export interface ServerOptions {
  readonly clock: SimClock;
  readonly bus: SimBus;
  readonly db: Db;
  readonly sql: Sql;
  readonly url: string;
  readonly log: Resources['log'];
  readonly name: string;
  /** Who a token belongs to. */
  readonly principalOf: (token: string) => Principal | null;
}

/** A web process: the real gateway and run engine, with a clock, a bus and sockets of the simulated world. */
export class SimServer implements Listener {
  readonly machine: SimMachine;
  readonly name: string;
  readonly #sockets = new Set<ServerSocket>();
  readonly #serve: (socket: ServerSocket, req: unknown) => void;
  readonly #bus: ReturnType<SimBus['join']>;
  readonly resources: Resources;
  readonly #engine: RunEngine;
  accepting = true;

  private constructor(options: ServerOptions, machine: SimMachine, bus: ReturnType<SimBus['join']>, resources: Resources) {
    this.machine = machine;
    this.name = options.name;
    this.#bus = bus;
    this.resources = resources;
    this.#engine = createRunEngine(resources, { relayUrl: null, sweepEveryMs: SWEEP_EVERY_MS });
    this.#engine.start();
    this.#serve = getWSConnectionHandler({
      wss: null as never,
      router: agentRouter,
      keepAlive: KEEP_ALIVE,
      createContext: ({ info }) => makeContext(resources, options.principalOf(String(info.connectionParams?.token))),
    }) as never;
  }

  static start(options: ServerOptions): Promise<SimServer> {
    const { clock, db, sql, url, log } = options;
    const machine = clock.machine(options.name);
    return machine.run(async () => {
      const bus = options.bus.join(machine);
      const resources = await assembleResources({
        ...{ db, sql, bus, log },
        env: readEnv({ DATABASE_URL: url, NODE_ENV: 'test' }),
        secret: new TextEncoder().encode('a secret for tests that is long enough'),
        publicUrl: 'http://localhost:3000',
        allowLocalUser: false,
        clock: { now: () => new Date(machine.wall) },
      });
      return new SimServer(options, machine, bus, resources);
    });
  }

  readonly accept = (socket: ServerSocket, url: string): void => {
    this.#sockets.add(socket);
    (socket as EventEmitter).once('close', () => this.#sockets.delete(socket));
    this.#serve(socket, { url: new URL(url).pathname + new URL(url).search, headers: { host: 'localhost' } });
  };

  /** Runs a call of a person in this process. */
  call<T>(work: (resources: Resources) => T): T {
    return this.machine.run(() => work(this.resources));
  }

  /** The connection of the event bus: lost, and made again. */
  cutBus(isCut: boolean): void {
    this.#bus.cut(isCut);
  }

  get busIsCut(): boolean {
    return this.#bus.isCut();
  }

  /** SIGTERM: what was begun is finished, agents are told. */
  stop(): Promise<void> {
    this.accepting = false;
    return this.machine.run(async () => {
      await this.#engine.stop();
      this.#close();
      for (const socket of this.#sockets) socket.close(1001);
      await this.#bus.close();
      this.machine.die();
    });
  }

  /** kill -9. `silent`: the machine is gone, too, and nobody is told. */
  kill(silent: boolean): void {
    this.accepting = false;
    if (!silent) for (const socket of this.#sockets) socket.reset();
    this.#close();
    this.machine.die();
  }

  #close(): void {
    this.resources.flags.close();
    this.resources.access.close();
  }
}
