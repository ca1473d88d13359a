import { setTimeout as sleep } from 'node:timers/promises';
import type { putAssetInput } from '@markco/core/contract/runs';
import type { ResumeReply, SendReply } from '@markco/core/device/agent-message';
import { MAX_EVENT_BYTES, type RunEvent } from '@markco/core/run/run-event';
import type { Log } from '@markco/sync/log';
import { TRPCClientError } from '@trpc/client';
import type { z } from 'zod';
import type { Outgoing } from '../connection/connection.ts';
import { SocketLostError } from '../connection/socket.ts';
import type { Journal } from '../journal/journal.ts';
import { reason } from '../log.ts';

/** The way to the server. Rejects with {@link SocketLostError} without a connection. */
export interface Uplink {
  send(message: Outgoing): Promise<SendReply>;
  putAsset(input: z.input<typeof putAssetInput>): Promise<unknown>;
}

const MAX_COUNT = 500;
/** "Started" alone waits this long for what the cell says first: one batch is one commit, and the person waits for the output. In ms. */
const GATHER_MS = 15;
/** A cell that says something often ends with it: its first output waits this long for the end, in ms. */
const LAST_WORD_MS = 1;
/** An upload answered so will never succeed: the run goes on without the bytes. */
const HOPELESS = new Set(['PAYLOAD_TOO_LARGE', 'BAD_REQUEST', 'NOT_FOUND', 'FORBIDDEN', 'TOO_MANY_REQUESTS', 'CONFLICT']);

/**
 * RU16: brings every journaled event to the server, in order, one batch of a run at a time, and prunes what is acknowledged.
 * Only {@link resumed} opens it: before the server said what it has, nothing is sent (RU11).
 */
export class Outbox {
  readonly #journal: Journal;
  readonly #uplink: Uplink;
  readonly #log: Log;
  readonly #retryMs: number;
  readonly #busy = new Set<string>();
  /** Who waits for the next event of a run. */
  readonly #awaited = new Map<string, () => void>();
  #open = false;
  #epoch = 0;
  readonly #unsubscribe: () => void;

  constructor(options: { journal: Journal; uplink: Uplink; log: Log; retryMs?: number }) {
    this.#journal = options.journal;
    this.#uplink = options.uplink;
    this.#log = options.log;
    this.#retryMs = options.retryMs ?? 2_000;
    this.#unsubscribe = this.#journal.onAppend((runId) => this.wake(runId));
  }

  /** RU11: takes what the server has and sends the rest. */
  resumed(reply: ResumeReply): void {
    this.#open = true;
    this.#epoch++;
    for (const { runId, ackedSeq, action } of reply.runs) if (action === 'continue') this.acked(runId, ackedSeq);
    for (const run of this.#journal.runs()) this.wake(run.offer.runId);
  }

  /** The connection is gone. */
  pause(): void {
    this.#open = false;
    this.#epoch++;
  }

  /** Resolves when everything was sent, the connection is gone, or the time is over. */
  async flushed(withinMs: number): Promise<void> {
    const end = performance.now() + withinMs;
    while (
      this.#open &&
      performance.now() < end &&
      this.#journal.runs().some((run) => run.phase !== 'accepted' && run.ackedSeq < run.lastSeq)
    ) {
      await sleep(20);
    }
  }

  stop(): void {
    this.pause();
    this.#unsubscribe();
  }

  acked(runId: string, seq: number): void {
    this.#journal.ack(runId, seq);
    const run = this.#journal.get(runId);
    // It died with an earlier process; the server knows that and now has all it said.
    if (run?.phase === 'started' && !run.alive && run.ackedSeq >= run.lastSeq) this.#journal.forget(runId);
  }

  wake(runId: string): void {
    this.#awaited.get(runId)?.();
    if (!this.#open || this.#busy.has(runId)) return;
    this.#busy.add(runId);
    void this.#drain(runId, this.#epoch).finally(() => {
      this.#busy.delete(runId);
      if (this.#open && this.#next(runId).length > 0) this.wake(runId);
    });
  }

  async #drain(runId: string, epoch: number): Promise<void> {
    while (this.#open && epoch === this.#epoch) {
      await this.#gather(runId);
      const batch = this.#next(runId);
      if (batch.length === 0) return;
      try {
        if (!(await this.#deliver(runId, batch))) await this.#wait();
      } catch (error) {
        if (error instanceof SocketLostError) return;
        this.#log.warn({ run_id: runId, reason: reason(error) }, 'events were not taken; they are sent again');
        await this.#wait();
      }
    }
  }

  /** The first batch of a run is its start and what it says at once. */
  async #gather(runId: string): Promise<void> {
    if (!isOnlyStarted(this.#next(runId))) return;
    await this.#nextEvent(runId, GATHER_MS);
    const until = performance.now() + LAST_WORD_MS;
    for (let left = LAST_WORD_MS; left > 0 && waitsForItsEnd(this.#next(runId)); left = until - performance.now()) {
      await this.#nextEvent(runId, left);
    }
  }

  /** Resolves with the next event of the run, or after `ms`. */
  #nextEvent(runId: string, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#awaited.delete(runId);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#awaited.set(runId, done);
    });
  }

  /** What is not acknowledged; the server ignores what it has. */
  #next(runId: string): RunEvent[] {
    const run = this.#journal.get(runId);
    if (!run || run.phase === 'accepted') return [];
    return this.#journal.unacked(runId, run.ackedSeq, MAX_EVENT_BYTES, MAX_COUNT);
  }

  /** False where the server holds the acknowledgement back: the batch is sent again after a while, or acknowledged later. */
  async #deliver(runId: string, events: RunEvent[]): Promise<boolean> {
    const { offer } = this.#journal.get(runId)!;
    for (const { body } of events) if (body.kind === 'asset') await this.#upload(runId, body.assetId);
    const reply = await this.#uplink.send({ type: 'MRP_RESPONSE', kind: 'events', runId, attempt: offer.attempt, events });
    if (reply.ignored) {
      this.#log.warn({ run_id: runId, reason: reply.ignored }, 'the server keeps nothing of this run');
      this.#journal.forget(runId);
      return true;
    }
    this.acked(runId, reply.ackedSeq ?? 0);
    return (reply.ackedSeq ?? 0) >= events.at(-1)!.seq;
  }

  #wait(): Promise<void> {
    return sleep(this.#retryMs, undefined, { ref: false });
  }

  /** RU19: the bytes before the event that names them. */
  async #upload(runId: string, assetId: string): Promise<void> {
    const asset = this.#journal.assets.get(runId, assetId);
    if (!asset) return;
    try {
      await this.#uplink.putAsset({
        runId,
        mimeType: asset.mimeType,
        base64: asset.bytes.toString('base64'),
        ...(asset.name && { name: asset.name }),
      });
    } catch (error) {
      const code = error instanceof TRPCClientError ? (error.data as { code?: string } | undefined)?.code : undefined;
      if (!code || !HOPELESS.has(code)) throw error;
      this.#log.warn({ run_id: runId, reason: reason(error) }, 'the server refused a file of this run');
    }
    this.#journal.assets.drop(runId, assetId);
  }
}

const waitsForItsEnd = (events: readonly RunEvent[]): boolean => events.length > 1 && events.at(-1)!.body.kind !== 'ended';
const isOnlyStarted = (events: readonly RunEvent[]): boolean => events.length === 1 && events[0]!.body.kind === 'started';
