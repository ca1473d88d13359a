import type { Principal } from '@markco/api/auth/principal';
import { testPerson, testResources } from '@markco/api/test-support/test-resources';
import type { Db } from '@markco/db/client';
import { optionsOf } from '@markco/db/client';
import { createSql } from '@markco/db/sql';
import { makeDevice, makeProject, makeWorker, type TestProject } from '../run-factories.ts';
import { DayBook } from './day-book.ts';
import { DayPerson } from './day-person.ts';
import { DayServers } from './day-servers.ts';
import { SimBus } from './sim-bus.ts';
import { SimClock } from './sim-clock.ts';
import { watchDatabase } from './sim-database.ts';
import { SimDevice } from './sim-device.ts';
import { installGlobals } from './sim-globals.ts';
import { Network } from './sim-network.ts';

/** Everything a simulated day needs: a database of its own, web processes, a person, two computers and a cloud worker. */
export interface DayWorld {
  readonly clock: SimClock;
  readonly db: Db;
  readonly book: DayBook;
  readonly servers: DayServers;
  readonly person: DayPerson;
  readonly principal: Principal;
  readonly project: TestProject;
  /** The person's computers, then the worker. */
  readonly devices: readonly SimDevice[];
  /** Puts the world away; the real time is back. */
  remove(): Promise<void>;
}

/** @param random numbers from 0 to 1 that decide delays and overlaps */
export async function makeWorld(random: () => number): Promise<DayWorld> {
  const base = await testResources();
  const { db } = base;
  const { connectionString: url } = optionsOf(db);
  const sql = createSql({ connectionString: url, max: 8, applicationName: 'markco-test-day' });
  const principal = await testPerson(base);
  const project = await makeProject(base, principal);
  const clock = new SimClock(Date.now(), random);
  const undo = [installGlobals(clock), watchDatabase(clock)];
  const bus = new SimBus(clock);
  const book = new DayBook();
  const principals = new Map<string, Principal>();
  const servers = new DayServers({ clock, bus, db, sql, url, log: base.log, principalOf: (token) => principals.get(token) ?? null });
  const network = new Network(clock, () => servers.pick());
  const devices: SimDevice[] = [];
  const add = (made: { deviceId: string; principal: Principal }, name: string, worker: boolean) => {
    principals.set(made.deviceId, made.principal);
    const projectIds = worker ? [] : [project.projectId];
    const userId = worker ? made.deviceId : made.principal.userId;
    const skewMs = Math.round((random() - 0.5) * 2 * 3_600_000);
    devices.push(new SimDevice({ clock, network, book, deviceId: made.deviceId, userId, name, worker, projectIds, skewMs }));
  };
  for (const name of ['MacBook Pro', 'Desktop']) add(await makeDevice(base, principal, [project], { name }), name, false);
  add(await makeWorker(base), 'worker 1', true);
  const person = new DayPerson(principal, project, () => servers.pick(), base.newId);
  return {
    ...{ clock, db, book, servers, person, principal, project, devices },
    async remove() {
      for (const watcher of person.watchers) watcher.close();
      for (const device of devices) device.remove();
      for (const back of undo) back();
      await sql.close();
      await base.drop();
    },
  };
}
