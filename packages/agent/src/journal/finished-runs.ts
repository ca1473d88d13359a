import { randomUUID } from 'node:crypto';
import { appendFileSync, closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isMissing } from '../config/atomic-file.ts';

/** A queued run expires after a day, so no offer of an older one can come. */
const KEEP_MS = 48 * 60 * 60 * 1000;

/** RU10: the runs this device is done with, so that an offer or grant that comes late executes nothing. One line a run: id, last seq, time. */
export class FinishedRuns {
  readonly #file: string;
  readonly #lastSeq = new Map<string, number>();

  constructor(file: string, now: number) {
    this.#file = file;
    const kept: string[] = [];
    for (const line of readLines(file)) {
      const [runId, lastSeq, at] = line.split(' ');
      if (!runId || !lastSeq || !at || now - Number(at) > KEEP_MS) continue;
      this.#lastSeq.set(runId, Number(lastSeq));
      kept.push(line);
    }
    const draft = `${file}.${randomUUID()}.tmp`;
    writeFileSync(draft, kept.map((line) => `${line}\n`).join(''), { mode: 0o600 });
    renameSync(draft, file);
  }

  /** The last seq of a finished run, or undefined. */
  lastSeq(runId: string): number | undefined {
    return this.#lastSeq.get(runId);
  }

  /** Durable when it returns: the run's own log may then be removed. */
  add(runId: string, lastSeq: number, now: number): void {
    this.#lastSeq.set(runId, lastSeq);
    appendFileSync(this.#file, `${runId} ${lastSeq} ${now}\n`, { mode: 0o600 });
    const fd = openSync(this.#file, 'r+');
    fsyncSync(fd);
    closeSync(fd);
  }
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
