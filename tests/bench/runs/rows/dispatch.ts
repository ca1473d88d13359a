import { percentile } from '../../lib/numbers.ts';
import { connectDevices, disconnectDevices, seedPeople } from '../fleet/seed-fleet.ts';
import { atLeast, type FleetRow, type Line } from '../row.ts';
import { comeBack, type Round, wholeLives } from './dispatch-rounds.ts';

const GOAL = 200;
const DEVICES = 50;

/**
 * Runs a second. From the first request to the last end: every person's computer takes ten, one session each, so that nine wait for the one
 * before. And from the hello of the computers to the last grant: all had quit, and ten wait for each, in ten sessions.
 */
export const dispatch: FleetRow = {
  number: 5,
  title: `runs dispatched to ${DEVICES} devices`,
  async withFleet(start, { quick }) {
    const each = quick ? 4 : 10;
    const runs = DEVICES * each;
    const fleet = await start();
    try {
      const people = await seedPeople(fleet, DEVICES, 1);
      const devices = people.flatMap((person) => person.devices);
      await connectDevices(devices);
      const rounds = async (round: typeof wholeLives) => {
        await round(fleet, people, 4);
        const made: Round[] = [];
        for (let i = 0; i < (quick ? 1 : 3); i++) made.push(await round(fleet, people, each));
        return made;
      };
      const whole = await rounds(wholeLives);
      const back = await rounds(comeBack);
      await disconnectDevices(devices);
      const once = [...whole, ...back].every((one) => one.wrong === 0);
      const busy = Math.max(...[...whole, ...back].map((one) => one.generator));
      return {
        lines: [
          ...linesOf(`${runs} runs, first request to last end`, whole),
          ...linesOf(`${runs} waiting runs, from the devices' hello to the last grant`, back),
          {
            what: 'executed, granted and ended exactly once',
            ours: once ? 'every run' : 'NOT every run',
            goal: { words: 'every run', met: once },
          },
        ],
        readings: { whole, back },
        remarks: busy > 0.7 ? [`the devices and requests of the bench kept its process busy ${Math.round(busy * 100)} % of the time.`] : [],
      };
    } finally {
      await fleet.stop();
    }
  },
};

function linesOf(what: string, rounds: readonly Round[]): Line[] {
  const median = (of: (round: Round) => number) => percentile(rounds.map(of), 0.5);
  const perSecond = median((round) => round.perSecond);
  const cpu = (name: 'web' | 'Postgres') => median((round) => round.cpuMs?.[name] ?? Number.NaN).toFixed(1);
  return [
    { what: `${what}, runs/s`, ours: perSecond.toFixed(0), goal: atLeast(perSecond, GOAL) },
    { what: 'their CPU, ms a run: web process + Postgres', ours: `${cpu('web')} + ${cpu('Postgres')}` },
  ];
}
