import { writeUpdate } from '@markco/sync/wire/write-frame';
import * as Y from 'yjs';
import type { BenchClient } from './bench-client.ts';

/** Someone who types a character at a time at the end of a copy of their own. */
export interface Writer {
  /** Makes so many edits ready before the clock runs: what is measured is the server, not Yjs in the load generator. */
  prepare(edits: number): void;
  /** Sends the next edit. */
  send(): void;
  /** Calls `onSeen(ms since it was sent)` for each edit of this writer a client receives, also where a server merged several into one frame. */
  watch(client: BenchClient, onSeen: (ms: number) => void): void;
  readonly sent: number;
  readonly clientId: number;
}

const SENT = Buffer.alloc(0);

/** Makes a writer who sends through `client`. */
export function makeWriter(client: BenchClient): Writer {
  const doc = new Y.Doc();
  const text = doc.getText('content');
  const frames: Buffer[] = [];
  doc.on('update', (update: Uint8Array) => frames.push(client.prepare(writeUpdate(update))));
  const type = () => text.insert(text.length, 'x');
  const sentAt: number[] = [];
  return {
    prepare(edits) {
      while (frames.length < sentAt.length + edits) type();
    },
    send() {
      if (sentAt.length === frames.length) type();
      const frame = frames[sentAt.length]!;
      frames[sentAt.length] = SENT;
      sentAt.push(performance.now());
      client.socket.sendFramed(frame);
    },
    watch(observer, onSeen) {
      let seen = 0;
      observer.onUpdate = (update) => {
        const now = performance.now();
        // Each edit is one tick of the writer's clock.
        const clock = Y.parseUpdateMeta(update).to.get(doc.clientID) ?? 0;
        for (; seen < clock; seen++) onSeen(now - sentAt[seen]!);
      };
    },
    clientId: doc.clientID,
    get sent() {
      return sentAt.length;
    },
  };
}
