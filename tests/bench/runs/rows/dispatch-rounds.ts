import { HEARTBEAT_MS } from '@markco/core/device/constants';
import type { FakeDevice } from '@markco/testing/fake-device';
import { until } from '../../../lib/installation.ts';
import { watchCpu } from '../../lib/cpu-use.ts';
import { watchGenerator } from '../../relay/row.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { connectDevices, disconnectDevices, type Person } from '../fleet/seed-fleet.ts';
import { tapRepeatedly } from '../fleet/tap.ts';

const TERMINAL = ['completed', 'failed', 'cancelled', 'interrupted', 'expired'];
/** A run of these devices says "started", its output and "ended". */
const EVENTS = 3;

/** What one round measured. `cpuMs`: of one run, by process; null without /proc. `wrong`: runs that did not go as they must. */
export interface Round {
  readonly perSecond: number;
  readonly seconds: number;
  readonly cpuMs: Readonly<Record<'web' | 'Postgres', number>> | null;
  readonly wrong: number;
  readonly generator: number;
}

/** A person's whole round: taps while the computers are there, until the last run has ended. */
export async function wholeLives(fleet: Fleet, people: readonly Person[], each: number): Promise<Round> {
  const measured = watch(fleet, people);
  return beating(people, async () => {
    const asked = await Promise.all(people.map((person) => tapRepeatedly(fleet.url, person, each)));
    return measured(asked.flat(), ({ endedAt }) => endedAt);
  });
}

/** All computers quit, runs are asked for that wait, each in a session of its own, and all computers come back at once: until the last is granted. */
export async function comeBack(fleet: Fleet, people: readonly Person[], each: number): Promise<Round> {
  const devices = people.flatMap((person) => person.devices);
  await Promise.all(devices.map((device) => device.send({ type: 'GOODBYE', reason: 'quit' })));
  await disconnectDevices(devices);
  const asked = await Promise.all(people.map((person) => tapRepeatedly(fleet.url, person, each, (tap) => `document ${tap}`)));
  const ids = asked.flat();
  const waiting = await fleet.db.run.count({ where: { id: { in: ids }, state: 'queued', reason: 'queued_device_offline' } });
  if (waiting !== ids.length) throw new Error(`${waiting} of ${ids.length} runs wait for their computers; the others went elsewhere.`);
  const measured = watch(fleet, people);
  await connectDevices(devices, devices.length);
  return beating(people, () => measured(ids, ({ grantedAt }) => grantedAt));
}

/** As agents do: who says nothing for 35 s is offline, and what waits for it waits on. */
async function beating<T>(people: readonly Person[], meanwhile: () => Promise<T>): Promise<T> {
  const beat = (device: FakeDevice) => device.heartbeat().catch(() => undefined);
  const timer = setInterval(() => void Promise.all(people.flatMap(({ devices }) => devices.map(beat))), HEARTBEAT_MS);
  try {
    return await meanwhile();
  } finally {
    clearInterval(timer);
  }
}

interface Times {
  readonly grantedAt: Date | null;
  readonly endedAt: Date | null;
}

/** Begins to measure. What it returns waits for the runs, and counts their time up to the last of what `done` names. */
function watch({ db, pids }: Fleet, people: readonly Person[]) {
  const before = new Map(people.map((person) => [person, person.devices[0]!.executed.length]));
  const busy = watchGenerator();
  const cpu = watchCpu(pids);
  const began = Date.now();
  return async (ids: string[], done: (run: Times) => Date | null): Promise<Round> => {
    const ended = { id: { in: ids }, state: { in: TERMINAL } };
    await until('every run has ended', async () => (await db.run.count({ where: ended })) === ids.length);
    const generator = busy();
    const used = cpu();
    await Promise.all(people.map((person) => person.devices[0]!.settled()));
    const select = { id: true, state: true, attempt: true, lastSeq: true, grantedAt: true, endedAt: true };
    const runs = await db.run.findMany({ where: { id: { in: ids } }, select });
    const wrong = runs.filter((run) => run.state !== 'completed' || run.attempt !== 1 || run.lastSeq !== EVENTS).length;
    const executed = people.flatMap((person) => person.devices[0]!.executed.slice(before.get(person)));
    const isOnce = executed.length === ids.length && new Set(executed).size === ids.length && ids.every((id) => executed.includes(id));
    const seconds = (Math.max(...runs.map((run) => Number(done(run)))) - began) / 1000;
    const cpuMs = used && { web: used.web / ids.length, Postgres: used.Postgres / ids.length };
    return { perSecond: ids.length / seconds, seconds, cpuMs, wrong: isOnce ? wrong : ids.length, generator };
  };
}
