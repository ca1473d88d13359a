import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts a process' time in hundredths of a second, whatever the kernel's own clock. */
const TICKS_PER_SECOND = 100;

interface Seen {
  name: string;
  parent: number;
  ticks: number;
}

/** Every process of the machine, from /proc. */
function processes(): Map<number, Seen> {
  const found = new Map<number, Seen>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      // Its own time and that of its children that have ended. The name in parentheses may hold anything; what follows is numbers.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const program = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
      found.set(Number(name), {
        name: program,
        parent: Number(fields[1]),
        ticks: Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14]),
      });
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/** CPU time of a process and everything below it, in ticks. */
function ticksOf(root: number, all: Map<number, Seen>): number {
  let sum = all.get(root)?.ticks ?? 0;
  for (const [pid, { parent }] of all) if (parent === root) sum += ticksOf(pid, all);
  return sum;
}

/** The pid of a process beside `sibling` (with the same parent) by its program's name; undefined where there is none, or no /proc. */
export function besideOf(sibling: number, program: string): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const all = processes();
  const parent = all.get(sibling)?.parent;
  return [...all].find(([, seen]) => seen.parent === parent && seen.name === program)?.[0];
}

/** Watches the CPU time of processes, each with its children. The function it returns tells what they used since, in ms; null where there is no /proc. */
export function watchCpu<Name extends string>(pids: Readonly<Record<Name, number>>): () => Record<Name, number> | null {
  if (process.platform !== 'linux') return () => null;
  const before = processes();
  return () => {
    const after = processes();
    const used = (pid: number) => ((ticksOf(pid, after) - ticksOf(pid, before)) / TICKS_PER_SECOND) * 1000;
    return Object.fromEntries(Object.entries<number>(pids).map(([name, pid]) => [name, used(pid)])) as Record<Name, number>;
  };
}

/** The share of one core (0.01 = 1 %) each process used over `ms`, with its children; null where there is no /proc. */
export async function cpuUse(pids: Record<string, number>, ms: number): Promise<Record<string, number> | null> {
  const used = watchCpu(pids);
  await new Promise((resolve) => setTimeout(resolve, ms));
  const after = used();
  return after && Object.fromEntries(Object.entries(after).map(([name, cpuMs]) => [name, cpuMs / ms]));
}
