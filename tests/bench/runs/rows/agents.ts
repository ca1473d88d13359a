import { setTimeout as sleep } from 'node:timers/promises';
import { HEARTBEAT_MS } from '@markco/core/device/constants';
import type { CapabilitySnapshot } from '@markco/core/device/device';
import { type FakeDevice, pythonAvailable } from '@markco/testing/fake-device';
import { cpuUse } from '../../lib/cpu-use.ts';
import { watchGenerator } from '../../relay/row.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { connectDevices, disconnectDevices, seedPeople } from '../fleet/seed-fleet.ts';
import { atMost, type FleetRow } from '../row.ts';

const PER_PERSON = 2;
/** The first ones pay for what is made once. */
const FIRST = 100;
const GOAL = { kilobytes: 40, cpu: 5 };
const TICK_MS = 50;

/** Many computers that are only there: what each costs the web process in memory, and all of them by their heartbeats. */
export const agents: FleetRow = {
  number: 6,
  title: 'connected agents',
  async withFleet(start, { quick }) {
    const count = quick ? 200 : 2_000;
    const seconds = quick ? 10 : 40;
    const fleet = await start();
    try {
      const people = await seedPeople(fleet, (count + FIRST) / PER_PERSON, PER_PERSON);
      const devices = people.flatMap((person) => person.devices);
      const [first, rest] = [devices.slice(0, FIRST), devices.slice(FIRST)];
      await connectDevices(first);
      await beat(first, HEARTBEAT_MS);
      const few = await beats(fleet, first, seconds);
      const before = (await fleet.probe.collected()).usedBytes;
      const began = performance.now();
      await connectDevices(rest);
      const connecting = (performance.now() - began) / 1000;
      // Each has said at least one heartbeat when memory is looked at.
      await beat(devices, HEARTBEAT_MS);
      const many = await beats(fleet, devices, seconds);
      const kilobytes = ((await fleet.probe.collected()).usedBytes - before) / rest.length / 1024;
      const lost = devices.filter((device) => device.closedBy !== null).length;
      await disconnectDevices(devices);
      const cpu = (many.web - few.web) * (count / rest.length) * 100;
      return {
        lines: [
          { what: `${count}: memory an agent, KB`, ours: kilobytes.toFixed(1), goal: atMost(kilobytes, GOAL.kilobytes) },
          { what: 'their heartbeats, % of one core in the web process', ours: cpu.toFixed(1), goal: atMost(cpu, GOAL.cpu) },
          { what: 'in Postgres', ours: ((many.Postgres - few.Postgres) * 100).toFixed(1) },
          { what: `all connected from nothing, ${devices.length - FIRST} at 20 a time, s`, ours: connecting.toFixed(1) },
          { what: 'lost meanwhile', ours: String(lost), goal: atMost(lost, 0) },
        ],
        readings: { few, many, kilobytes, connecting, count },
        remarks: many.generator > 0.7 ? [`the agents' side was busy ${Math.round(many.generator * 100)} % of the time.`] : [],
      };
    } finally {
      await fleet.stop();
    }
  },
};

/** CPU shares of one core while these send their heartbeats. */
async function beats(fleet: Fleet, devices: readonly FakeDevice[], seconds: number) {
  const busy = watchGenerator();
  const cpu = (await fleet.probe.sample()).cpuMicros;
  const began = performance.now();
  const [used] = await Promise.all([cpuUse(fleet.pids, seconds * 1000), beat(devices, seconds * 1000)]);
  const micros = (performance.now() - began) * 1000;
  const web = ((await fleet.probe.sample()).cpuMicros - cpu) / micros;
  return { web, Postgres: used?.Postgres ?? Number.NaN, generator: busy() };
}

/** For so long, each device says its heartbeat every ten seconds, spread evenly; resolves when all are answered. */
async function beat(devices: readonly FakeDevice[], ms: number): Promise<void> {
  const ticks = HEARTBEAT_MS / TICK_MS;
  const answers: Promise<unknown>[] = [];
  const began = performance.now();
  for (let tick = 0; tick * TICK_MS < ms; tick++) {
    for (let i = tick % ticks; i < devices.length; i += ticks) answers.push(devices[i]!.heartbeat(snapshot(tick)));
    await sleep(Math.max(0, began + (tick + 1) * TICK_MS - performance.now()));
  }
  await Promise.all(answers);
}

/** As a computer sends it: load and free memory are others each time, what it can run is the same. */
const snapshot = (tick: number): CapabilitySnapshot => ({
  ...pythonAvailable,
  load: 0.5 + (tick % 7) / 10,
  freeMemory: 4e9 + tick * 4096,
  cpus: 8,
  battery: { percent: 80, charging: true },
});
