import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { OfferedRun } from '@markco/core/device/agent-message';
import type { RunEvent, RunEventBody } from '@markco/core/run/run-event';
import { syncFolder } from '@markco/sync/file-store/sync-folder';
import { AssetSpool } from './asset-spool.ts';
import { FinishedRuns } from './finished-runs.ts';
import type { ReplayedRun } from './run-log.ts';
import { RunLog } from './run-log.ts';

/** RU18: how much output of one run may wait for its acknowledgement before the printer is held back, in bytes of JSON. */
export const MAX_UNACKED_BYTES = 2 * 1024 * 1024;
/** A run's file is rewritten when this much of it is acknowledged. */
const COMPACT_BYTES = 2 * MAX_UNACKED_BYTES;

/** A run as the journal knows it. `alive`: it runs in this process. */
export interface JournalRun {
  readonly offer: OfferedRun;
  readonly phase: 'accepted' | 'started' | 'ended';
  readonly lastSeq: number;
  readonly ackedSeq: number;
  readonly alive: boolean;
}

interface Entry extends ReplayedRun {
  log: RunLog;
  alive: boolean;
  sizes: Map<number, number>;
  unackedBytes: number;
  waiting: (() => void)[];
  /** The file's name is on disk. Begun with the offer, so that the grant need not wait for it. */
  named: Promise<void>;
}

/**
 * RU10, RU11, RU16: what this device promised, began and saw, on disk. An append-only log a run rather than a database:
 * one write a batch, one fsync a grant, a crash can only cut off the end, and pruning is deleting a file.
 */
export class Journal {
  readonly assets: AssetSpool;
  readonly #dir: string;
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();
  readonly #finished: FinishedRuns;
  readonly #listeners = new Set<(runId: string) => void>();

  constructor(dir: string, now: () => number = Date.now) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    this.#dir = dir;
    this.#now = now;
    this.#finished = new FinishedRuns(path.join(dir, 'finished.txt'), now());
    this.assets = new AssetSpool(path.join(dir, 'assets'));
    for (const name of readdirSync(dir)) {
      if (name.endsWith('.tmp')) rmSync(path.join(dir, name), { force: true });
      else if (name.endsWith('.log')) this.#recover(path.join(dir, name), name.slice(0, -4));
    }
  }

  get(runId: string): JournalRun | null {
    const entry = this.#entries.get(runId);
    return entry ? view(entry) : null;
  }

  runs(): JournalRun[] {
    return [...this.#entries.values()].map(view);
  }

  /** The last seq of a run that was finished and pruned, or undefined. */
  finished(runId: string): number | undefined {
    return this.#finished.lastSeq(runId);
  }

  /** Remembers an offer that will be accepted, or a newer attempt of it. Not for runs that were granted. */
  offer(offer: OfferedRun): void {
    const known = this.#entries.get(offer.runId);
    if (known?.granted) throw new Error('A granted run cannot be offered again.');
    if (this.finished(offer.runId) !== undefined) throw new Error('A finished run cannot be offered again.');
    const entry = known ?? this.#create(offer);
    entry.offer = offer;
    entry.log.append({ k: 'offer', offer });
  }

  /** RU10: true once, for the first grant of an accepted run, and then it is durable. Everything else answers false: do not execute. */
  async grant(runId: string, attempt: number): Promise<boolean> {
    const entry = this.#entries.get(runId);
    if (!entry || entry.granted || entry.offer.attempt !== attempt) return false;
    entry.granted = true;
    entry.alive = true;
    try {
      entry.log.append({ k: 'grant', attempt, at: this.#now() });
      await Promise.all([entry.log.sync(), entry.named]);
    } catch (error) {
      entry.alive = false;
      throw error;
    }
    return true;
  }

  /** RU16: gives the event its seq and writes it down before anyone sees it. */
  append(runId: string, body: RunEventBody): RunEvent {
    const entry = this.#need(runId);
    if (entry.ended) throw new Error('The run has ended; nothing may follow its last event.');
    const event: RunEvent = { seq: entry.lastSeq + 1, at: this.#now(), body };
    const before = entry.log.bytes;
    entry.log.append({ k: 'event', e: event });
    this.#hold(entry, event, entry.log.bytes - before);
    entry.unacked.push(event);
    entry.lastSeq = event.seq;
    if (body.kind === 'ended') {
      entry.ended = true;
      entry.alive = false;
    }
    for (const listener of this.#listeners) listener(runId);
    return event;
  }

  /** Makes what was appended outlive a power cut. */
  async sync(runId: string): Promise<void> {
    await this.#entries.get(runId)?.log.sync();
  }

  /** Events after `seq` that still wait, at least one if any, as many as fit into `maxBytes` and `maxCount`. */
  unacked(runId: string, seq: number, maxBytes: number, maxCount: number): RunEvent[] {
    const entry = this.#entries.get(runId);
    if (!entry) return [];
    const batch: RunEvent[] = [];
    let bytes = 0;
    for (const event of entry.unacked) {
      if (event.seq <= seq) continue;
      bytes += entry.sizes.get(event.seq) ?? 0;
      if (batch.length > 0 && (bytes > maxBytes || batch.length >= maxCount)) break;
      batch.push(event);
    }
    return batch;
  }

  /** The server has everything up to `seq`. A run that ended, or died with the process, is pruned with its last event. */
  ack(runId: string, seq: number): void {
    const entry = this.#entries.get(runId);
    const upTo = entry ? Math.min(seq, entry.lastSeq) : 0;
    if (!entry || upTo <= entry.ackedSeq) return;
    entry.log.append({ k: 'ack', seq: upTo });
    entry.ackedSeq = upTo;
    const gone = entry.unacked.filter((event) => event.seq <= upTo);
    entry.unacked = entry.unacked.filter((event) => event.seq > upTo);
    for (const { seq: one } of gone) {
      entry.unackedBytes -= entry.sizes.get(one) ?? 0;
      entry.sizes.delete(one);
    }
    this.#release(entry);
    if (entry.ended && entry.unacked.length === 0) this.forget(runId);
    else if (entry.log.bytes - entry.unackedBytes > COMPACT_BYTES) this.#compact(entry);
  }

  /** Nothing of this run is needed any more: withdrawn, denied or taken over by the server. */
  forget(runId: string): void {
    const entry = this.#entries.get(runId);
    if (!entry) return;
    if (entry.granted) this.#finished.add(runId, entry.lastSeq, this.#now());
    this.#entries.delete(runId);
    this.assets.dropRun(runId);
    entry.log.remove();
    entry.unackedBytes = 0;
    this.#release(entry);
  }

  /** RU18: resolves when the run may say more; at once while few enough bytes wait. */
  room(runId: string): Promise<void> | undefined {
    const entry = this.#entries.get(runId);
    if (!entry || entry.unackedBytes < MAX_UNACKED_BYTES) return undefined;
    return new Promise((resolve) => entry.waiting.push(resolve));
  }

  /** Called with the run's id after every append. Returns the unsubscribe function. */
  onAppend(listener: (runId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    for (const entry of this.#entries.values()) {
      entry.log.close();
      entry.unackedBytes = 0;
      this.#release(entry);
    }
    this.#entries.clear();
  }

  #create(offer: OfferedRun): Entry {
    const { log } = RunLog.open(path.join(this.#dir, `${offer.runId}.log`));
    const empty = { granted: false, ended: false, lastSeq: 0, ackedSeq: 0, unacked: [], alive: false, unackedBytes: 0, waiting: [] };
    const entry: Entry = { ...empty, offer, log, sizes: new Map(), named: this.#name() };
    this.#entries.set(offer.runId, entry);
    return entry;
  }

  #recover(file: string, runId: string): void {
    const { log, state } = RunLog.open(file);
    // Pruned just before a crash, or nothing readable: without a grant nothing was executed.
    if (!state || this.finished(runId) !== undefined || (state.ended && state.unacked.length === 0)) {
      if (state?.granted && this.finished(runId) === undefined) this.#finished.add(runId, state.lastSeq, this.#now());
      this.assets.dropRun(runId);
      log.remove();
      return;
    }
    const entry: Entry = { ...state, log, alive: false, sizes: new Map(), unackedBytes: 0, waiting: [], named: this.#name() };
    for (const event of state.unacked) this.#hold(entry, event, JSON.stringify(event).length);
    this.#entries.set(runId, entry);
  }

  #name(): Promise<void> {
    const named = syncFolder(this.#dir);
    // Who grants hears of it.
    named.catch(() => undefined);
    return named;
  }

  #hold(entry: Entry, event: RunEvent, bytes: number): void {
    entry.sizes.set(event.seq, bytes);
    entry.unackedBytes += bytes;
  }

  #release(entry: Entry): void {
    if (entry.unackedBytes >= MAX_UNACKED_BYTES) return;
    for (const go of entry.waiting.splice(0)) go();
  }

  #compact(entry: Entry): void {
    entry.log.rewrite([
      { k: 'offer', offer: entry.offer },
      ...(entry.granted ? [{ k: 'grant' as const, attempt: entry.offer.attempt, at: this.#now() }] : []),
      { k: 'base', seq: entry.ackedSeq, ended: entry.ended },
      ...entry.unacked.map((e) => ({ k: 'event' as const, e })),
    ]);
  }

  #need(runId: string): Entry {
    const entry = this.#entries.get(runId);
    if (!entry) throw new Error('The journal does not know this run.');
    return entry;
  }
}

const view = (entry: Entry): JournalRun => ({
  offer: entry.offer,
  phase: entry.ended ? 'ended' : entry.granted ? 'started' : 'accepted',
  lastSeq: entry.lastSeq,
  ackedSeq: entry.ackedSeq,
  alive: entry.alive,
});
