import { readFileSync, writeFileSync } from 'node:fs';

const MEGABYTE = 1024 * 1024;

/** From now on {@link peakMemory} tells the peak since this moment. Linux only. */
export function resetPeaks(pids: readonly number[]): void {
  for (const pid of pids) writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** Resident memory of a process, MB: now, and the highest the kernel saw since {@link resetPeaks}. */
export function peakMemory(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const read = (name: string) => (Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? Number.NaN) * 1024) / MEGABYTE;
  return { now: read('VmRSS'), peak: read('VmHWM') };
}
