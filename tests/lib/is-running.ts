import { readFileSync } from 'node:fs';

/** Of /proc, null where the process is not there: the fields after the name in parentheses are state and parent. */
export function statOf(pid: number | string): string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

/** False too for a process that ended and nobody has taken note of. Linux only. */
export function isRunning(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== null && stat[0] !== 'Z';
}
