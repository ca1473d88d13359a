import { createHash } from 'node:crypto';
import { HEARTBEAT_MS } from '@markco/core/device/constants';
import type { CreateRunInput } from '@markco/core/run/run';
import { v7 } from 'uuid';
import { until } from '../../../lib/installation.ts';
import { percentile } from '../../lib/numbers.ts';
import { watchGenerator } from '../../relay/row.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { connectDevices, disconnectDevices, type Person, seedPeople } from '../fleet/seed-fleet.ts';
import { atLeast, type FleetRow } from '../row.ts';

const GOAL = 200;
const DEVICES = 50;
const TERMINAL = ['completed', 'failed', 'cancelled', 'interrupted', 'expired'];
/** A run of these devices says "started", its output and "ended". */
const EVENTS = 3;

/** Runs a second from the first request to the last end: every person's computer takes ten, one session each, so that nine wait for the one before. */
export const dispatch: FleetRow = {
  number: 5,
  title: `runs dispatched to ${DEVICES} devices`,
  async withFleet(start, { quick }) {
    const each = quick ? 4 : 10;
    const fleet = await start();
    let beating: NodeJS.Timeout | undefined;
    try {
      const people = await seedPeople(fleet, DEVICES, 1);
      const devices = people.flatMap((person) => person.devices);
      await connectDevices(devices);
      // As agents do: who says nothing for 35 s is offline, and what waits for it waits on.
      beating = setInterval(() => devices.forEach((device) => void device.heartbeat().catch(() => undefined)), HEARTBEAT_MS);
      await round(fleet, people, 4);
      const rounds = [];
      for (let i = 0; i < (quick ? 1 : 3); i++) rounds.push(await round(fleet, people, each));
      await disconnectDevices(devices);
      const perSecond = percentile(
        rounds.map((one) => one.perSecond),
        0.5,
      );
      const once = rounds.every((one) => one.wrong === 0);
      const busy = Math.max(...rounds.map((one) => one.generator));
      return {
        lines: [
          { what: `${DEVICES * each} runs, first request to last end, runs/s`, ours: perSecond.toFixed(0), goal: atLeast(perSecond, GOAL) },
          {
            what: 'web process, ms of CPU a run',
            ours: percentile(
              rounds.map((one) => one.cpuMs),
              0.5,
            ).toFixed(1),
          },
          {
            what: 'executed, granted and ended exactly once',
            ours: once ? 'every run' : 'NOT every run',
            goal: { words: 'every run', met: once },
          },
        ],
        readings: rounds,
        remarks: busy > 0.7 ? [`the devices and requests of the bench kept its process busy ${Math.round(busy * 100)} % of the time.`] : [],
      };
    } finally {
      clearInterval(beating);
      await fleet.stop();
    }
  },
};

async function round({ db, probe, url }: Fleet, people: readonly Person[], each: number) {
  const before = new Map(people.map((person) => [person, person.devices[0]!.executed.length]));
  const busy = watchGenerator();
  const cpu = (await probe.sample()).cpuMicros;
  const began = Date.now();
  const asked = await Promise.all(people.map((person) => tapRepeatedly(url, person, each)));
  const ids = asked.flat();
  await until(
    'every run has ended',
    async () => (await db.run.count({ where: { id: { in: ids }, state: { in: TERMINAL } } })) === ids.length,
  );
  const generator = busy();
  const used = (await probe.sample()).cpuMicros - cpu;
  await Promise.all(people.map((person) => person.devices[0]!.settled()));
  const runs = await db.run.findMany({
    where: { id: { in: ids } },
    select: { id: true, state: true, attempt: true, lastSeq: true, endedAt: true },
  });
  const lastEnd = Math.max(...runs.map((run) => Number(run.endedAt)));
  const wrong = runs.filter((run) => run.state !== 'completed' || run.attempt !== 1 || run.lastSeq !== EVENTS).length;
  const executed = people.flatMap((person) => person.devices[0]!.executed.slice(before.get(person)));
  const isOnce = executed.length === ids.length && new Set(executed).size === ids.length && ids.every((id) => executed.includes(id));
  const seconds = (lastEnd - began) / 1000;
  return { perSecond: ids.length / seconds, seconds, cpuMs: used / 1000 / ids.length, wrong: isOnce ? wrong : ids.length, generator };
}

/** A person's taps, each after the answer to the one before. */
async function tapRepeatedly(url: string, { token, place }: Person, times: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < times; i++) {
    const code = `print(${i})`;
    const codeHash = createHash('sha256').update(code).digest('hex');
    const input: CreateRunInput = { ...place, runId: v7(), language: 'python', code, codeHash };
    const answer = await fetch(`${url}/api/runs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(input),
    });
    if (!answer.ok) throw new Error(`POST /api/runs answered ${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
    ids.push(input.runId);
  }
  return ids;
}
