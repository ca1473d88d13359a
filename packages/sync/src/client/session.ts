import { type Awareness, applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { writeAwareness, writeQueryAwareness, writeStep1, writeStep2, writeUpdate } from '../wire/write-frame.ts';
import { Liveness } from './liveness.ts';
import { FromTab } from './local-copy/from-tab.ts';
import { readServerFrame, type ServerFrame } from './read-server-frame.ts';
import type { ClientTuning } from './tuning.ts';
import type { UnsavedEdits } from './unsaved-edits.ts';

/** The part of a WebSocket that is used, in browsers and of `ws`. */
export type ClientSocket = Pick<WebSocket, 'binaryType' | 'readyState' | 'send' | 'close' | 'onopen' | 'onmessage' | 'onclose' | 'onerror'>;

export interface SessionOptions {
  readonly socket: ClientSocket;
  readonly doc: Y.Doc;
  readonly awareness: Awareness | undefined;
  readonly unsaved: UnsavedEdits;
  readonly tuning: ClientTuning;
  /** True where the document may hold what was never counted: it was filled before the connection existed. */
  readonly mayHoldUncounted: boolean;
  /** Something the person is told about changed. */
  readonly onChange: () => void;
  readonly onSynced: () => void;
  readonly onDenied: (reason: string) => void;
  readonly onClosed: (code: number, reason: string) => void;
}

const OPEN = 1;

/** True for the origin of transactions that came from the relay: they are not edits of this client. */
export const isFromRelay = (origin: unknown): boolean => origin instanceof Session;

/** One socket's life: the handshake, updates both ways, and the signs that it still lives. */
export class Session {
  synced = false;
  readonly #options: SessionOptions;
  /** The relay said what it has: what is written now may be sent. */
  #introduced = false;
  #closed = false;
  readonly #liveness: Liveness;
  readonly #beganAt = Date.now();
  #progressAt = Date.now();
  /** Questions under way, each with the newest edit sent before it. */
  readonly #questions: number[] = [];
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #opening: ReturnType<typeof setTimeout>;

  constructor(options: SessionOptions) {
    const { socket, doc, awareness, tuning } = options;
    this.#options = options;
    this.#liveness = new Liveness(tuning, Date.now());
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#opened();
    socket.onmessage = ({ data }) => this.#received(new Uint8Array(data as ArrayBuffer));
    socket.onerror = () => {};
    socket.onclose = ({ code, reason }) => this.end(code, reason);
    doc.on('update', this.#onUpdate);
    awareness?.on('update', this.#onAwareness);
    this.#timer = setInterval(() => this.#look(), Math.min(1_000, tuning.confirmMs, tuning.silenceMs, tuning.answerMs));
    this.#opening = setTimeout(() => this.end(1006, 'The server did not answer.'), tuning.openTimeoutMs);
  }

  /** Ends the session; the first call tells. */
  end(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    const { socket, doc, awareness, unsaved, onClosed } = this.#options;
    clearInterval(this.#timer);
    clearTimeout(this.#opening);
    doc.off('update', this.#onUpdate);
    awareness?.off('update', this.#onAwareness);
    unsaved.disconnected();
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    if (awareness) {
      const others = [...awareness.getStates().keys()].filter((client) => client !== doc.clientID);
      removeAwarenessStates(awareness, others, this);
      // Or the same cursors would count as old news in the next session, until somebody moves theirs.
      for (const client of others) awareness.meta.delete(client);
    }
    onClosed(code, reason);
  }

  /** Looks at once whether the socket still lives (wake, network change); one that is slow to open is given up. */
  probe(): void {
    const now = Date.now();
    if (this.#options.socket.readyState !== OPEN) {
      if (now - this.#beganAt > this.#options.tuning.confirmMs) this.end(1006, 'The server did not answer.');
      return;
    }
    this.#liveness.probe(now);
    this.#send(writeQueryAwareness());
  }

  #opened(): void {
    const { doc, awareness } = this.#options;
    clearTimeout(this.#opening);
    this.#liveness.heard(Date.now());
    this.#send(writeStep1(Y.encodeStateVector(doc)));
    if (awareness?.getLocalState()) this.#send(writeAwareness(encodeAwarenessUpdate(awareness, [doc.clientID])));
  }

  readonly #onUpdate = (update: Uint8Array, origin: unknown): void => {
    if (origin === this || !this.#introduced) return;
    this.#options.unsaved.sent(update);
    this.#progressAt = Date.now();
    // Another tab's edit lives on that tab's socket; as a SyncStep2 it does not move here (SY14).
    this.#send(origin instanceof FromTab ? writeStep2(update) : writeUpdate(update));
  };

  readonly #onAwareness = ({ added, updated, removed }: Record<'added' | 'updated' | 'removed', number[]>, origin: unknown): void => {
    const { awareness, doc } = this.#options;
    const own = [...added, ...updated, ...removed].includes(doc.clientID);
    // Told as gone while it is here (another socket of it ended), it has a newer clock now, with which it is seen again.
    const mistaken = removed.includes(doc.clientID) && awareness?.getLocalState() !== null;
    if (awareness && own && (origin !== this || mistaken)) this.#send(writeAwareness(encodeAwarenessUpdate(awareness, [doc.clientID])));
  };

  #received(bytes: Uint8Array): void {
    this.#liveness.heard(Date.now());
    let frame: ServerFrame;
    try {
      frame = readServerFrame(bytes);
    } catch {
      this.end(1002, 'The server sent something unreadable.');
      return;
    }
    this.#handle(frame);
  }

  #handle(frame: ServerFrame): void {
    const { doc, awareness, unsaved, onChange, onDenied } = this.#options;
    switch (frame.kind) {
      case 'step1':
        this.#introduce(frame.payload);
        return;
      case 'step2':
        Y.applyUpdate(doc, frame.payload, this);
        this.#answered();
        return;
      case 'update':
        Y.applyUpdate(doc, frame.payload, this);
        if (!unsaved.received(frame.payload)) return;
        this.#progressAt = Date.now();
        onChange();
        return;
      case 'awareness':
        if (awareness) applyAwarenessUpdate(awareness, frame.payload, this);
        return;
      case 'denied':
        onDenied(frame.reason);
        return;
      case 'other':
        return;
    }
  }

  /** Sends what the relay lacks; from now on edits are sent as they happen. */
  #introduce(stateVector: Uint8Array): void {
    const { doc, unsaved, mayHoldUncounted, onChange } = this.#options;
    if (this.#introduced) return;
    const missing = Y.encodeStateAsUpdate(doc, stateVector);
    // Filled before it was connected: whether the relay has all of it is known once this comes back.
    if (mayHoldUncounted && unsaved.made === 0 && missing.length > 2) unsaved.edited();
    this.#introduced = true;
    unsaved.sent(missing);
    this.#progressAt = Date.now();
    this.#send(writeStep2(missing));
    onChange();
  }

  #answered(): void {
    const { unsaved, onSynced, onChange } = this.#options;
    if (!this.synced) {
      this.synced = true;
      onSynced();
      return;
    }
    const upTo = this.#questions.shift();
    if (upTo !== undefined) unsaved.confirmed(upTo);
    this.#progressAt = Date.now();
    onChange();
  }

  #look(): void {
    const { socket, doc, unsaved, tuning } = this.#options;
    if (socket.readyState !== OPEN) return;
    const now = Date.now();
    const verdict = this.#liveness.look(now, !this.synced || unsaved.isWaiting);
    if (verdict === 'dead') {
      this.end(1006, 'The server fell silent.');
      return;
    }
    if (verdict === 'ask') this.#send(writeQueryAwareness());
    // An echo may have been dropped because we were slow to read: the answer to a question comes only when all before it is durable.
    if (this.synced && unsaved.isWaiting && this.#questions.length === 0 && now - this.#progressAt > tuning.confirmMs) {
      this.#questions.push(unsaved.made);
      this.#send(writeStep1(Y.encodeStateVector(doc)));
    }
  }

  #send(frame: Uint8Array): void {
    const { socket } = this.#options;
    if (socket.readyState !== OPEN) return;
    this.#liveness.sent(frame.length);
    socket.send(frame as Uint8Array<ArrayBuffer>);
  }
}
