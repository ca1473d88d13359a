import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { SandboxLimits } from './sandbox-driver.ts';
import type { SandboxProcess } from './sandbox-process.ts';

const EVERY_MS = 200;
const MAX_PROCESSES = 64;
const MAX_THREADS = 256;

/** What a box holds now: its processes, their threads, and the memory that is theirs alone, in bytes. */
export interface BoxUse {
  processes: number;
  threads: number;
  bytes: number;
}

/**
 * AG6: looks at all processes of a box and ends it when they have too much memory together, or are too many. One process' limit
 * is no limit to what forks. Returns the end of the watch.
 */
export function watchBox(child: SandboxProcess, limits: SandboxLimits): () => void {
  let busy = false;
  const timer = setInterval(() => {
    if (busy || !child.pid) return;
    busy = true;
    void boxUse(child.pid)
      .then(({ processes, threads, bytes }) => {
        // Forks share memory that counts for each: too many processes come first.
        if (processes > MAX_PROCESSES) child.kill('processes', `The code started more than ${MAX_PROCESSES} processes.`);
        else if (threads > MAX_THREADS) child.kill('threads', `The code started more than ${MAX_THREADS} threads.`);
        else if (bytes > limits.memoryBytes)
          child.kill('memory', `The code used more than ${Math.round(limits.memoryBytes / 1e6)} MB of memory.`);
      })
      .finally(() => {
        busy = false;
      });
  }, EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/**
 * Adds up a process and everything below it. Those that end meanwhile do not count. Where it is too many anyway it stops counting, and asks
 * nothing more: of a box that forks without end each answer takes longer than the one before.
 */
export async function boxUse(pid: number): Promise<BoxUse> {
  const pids: number[] = [];
  for (const open = [pid]; open.length > 0 && pids.length <= MAX_PROCESSES; ) {
    const next = open.pop()!;
    pids.push(next);
    open.push(...childrenOf(next));
  }
  if (pids.length > MAX_PROCESSES) return { processes: pids.length, threads: 0, bytes: 0 };
  const each = await Promise.all(pids.map(ownUse));
  const sum = (of: 'threads' | 'bytes'): number => each.reduce((total, one) => total + one[of], 0);
  return { processes: pids.length, threads: sum('threads'), bytes: sum('bytes') };
}

/** At once: waiting for a thread that reads, 65 times over, takes a minute where hundreds of processes want the processor. */
function childrenOf(pid: number): number[] {
  let text = '';
  try {
    text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  } catch {
    // It ended.
  }
  return text.trim() === '' ? [] : text.trim().split(' ').map(Number);
}

/** Its share of the memory that is no file's (what forks have in common counts once), and its threads. */
async function ownUse(pid: number): Promise<{ threads: number; bytes: number }> {
  const [shares, status] = await Promise.all([read(`/proc/${pid}/smaps_rollup`), read(`/proc/${pid}/status`)]);
  const kilobytes = numberIn(/^Pss_Anon:\s+(\d+) kB$/m, shares) ?? numberIn(/^RssAnon:\s+(\d+) kB$/m, status) ?? 0;
  return { threads: numberIn(/^Threads:\s+(\d+)$/m, status) ?? 0, bytes: 1024 * kilobytes };
}

const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
const numberIn = (pattern: RegExp, text: string): number | null => {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? null : Number(found);
};
