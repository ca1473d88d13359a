import { closeSync, fdatasync, ftruncateSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import type { OfferedRun } from '@markco/core/device/agent-message';
import { offeredRun } from '@markco/core/device/agent-message';
import type { RunEvent } from '@markco/core/run/run-event';
import { runEvent } from '@markco/core/run/run-event';
import { z } from 'zod';
import { decodeRecords, encodeRecord } from './frame.ts';

const sync = promisify(fdatasync);

const logRecord = z.discriminatedUnion('k', [
  z.object({ k: z.literal('offer'), offer: offeredRun }),
  z.object({ k: z.literal('grant'), attempt: z.number().int(), at: z.number() }),
  z.object({ k: z.literal('event'), e: runEvent }),
  z.object({ k: z.literal('ack'), seq: z.number().int() }),
  /** After compaction: events up to here were acknowledged and are gone. */
  z.object({ k: z.literal('base'), seq: z.number().int(), ended: z.boolean() }),
]);
export type LogRecord = z.input<typeof logRecord>;

/** What a run's log says when read from the start. */
export interface ReplayedRun {
  offer: OfferedRun;
  granted: boolean;
  ended: boolean;
  lastSeq: number;
  ackedSeq: number;
  unacked: RunEvent[];
}

/** The append-only file of one run. Appends reach the system at once, so they outlive this process; `sync` makes them outlive the machine. */
export class RunLog {
  readonly file: string;
  #fd: number;
  #bytes: number;

  private constructor(file: string, fd: number, bytes: number) {
    this.file = file;
    this.#fd = fd;
    this.#bytes = bytes;
  }

  /** Opens or creates the file and cuts off what a crash left half written. Null state where nothing usable is in it. */
  static open(file: string): { log: RunLog; state: ReplayedRun | null } {
    const fd = openSync(file, 'a+', 0o600);
    const { records, goodBytes } = decodeRecords(readFileSync(fd));
    ftruncateSync(fd, goodBytes);
    return { log: new RunLog(file, fd, goodBytes), state: replay(records) };
  }

  get bytes(): number {
    return this.#bytes;
  }

  append(record: LogRecord): void {
    const bytes = encodeRecord(record);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    this.#bytes += bytes.length;
  }

  sync(): Promise<void> {
    return sync(this.#fd);
  }

  /** Replaces the file by these records, in one step. */
  rewrite(records: readonly LogRecord[]): void {
    const bytes = Buffer.concat(records.map(encodeRecord));
    const draft = `${this.file}.tmp`;
    const fd = openSync(draft, 'w+', 0o600);
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    closeSync(this.#fd);
    this.#fd = fd;
    renameSync(draft, this.file);
    this.#bytes = bytes.length;
  }

  close(): void {
    closeSync(this.#fd);
  }

  remove(): void {
    this.close();
    unlinkSync(this.file);
  }
}

function replay(records: unknown[]): ReplayedRun | null {
  let run: ReplayedRun | null = null;
  for (const raw of records) {
    const parsed = logRecord.safeParse(raw);
    // Written by a newer version: what it means is not known, what follows still counts.
    if (!parsed.success) continue;
    const record = parsed.data;
    if (record.k !== 'offer') {
      if (run) apply(run, record);
    } else if (run) run.offer = record.offer;
    else run = { offer: record.offer, granted: false, ended: false, lastSeq: 0, ackedSeq: 0, unacked: [] };
  }
  return run;
}

function apply(run: ReplayedRun, record: Exclude<z.output<typeof logRecord>, { k: 'offer' }>): void {
  if (record.k === 'grant') run.granted = true;
  else if (record.k === 'event') {
    run.unacked.push(record.e);
    run.lastSeq = Math.max(run.lastSeq, record.e.seq);
    if (record.e.body.kind === 'ended') run.ended = true;
  } else {
    run.ackedSeq = Math.max(run.ackedSeq, record.seq);
    run.lastSeq = Math.max(run.lastSeq, run.ackedSeq);
    run.unacked = run.unacked.filter((event) => event.seq > run.ackedSeq);
    if (record.k === 'base' && record.ended) run.ended = true;
  }
}
