import { readFrame } from '@markco/sync/relay/read-frame';
import { writeStep1 } from '@markco/sync/wire/write-frame';
import * as decoding from 'lib0/decoding';
import * as Y from 'yjs';
import type { BenchDocument } from './servers/bench-document.ts';
import type { BenchServer } from './servers/bench-server.ts';
import { type BenchClient, connectBench } from './wire/bench-client.ts';
import { framed } from './wire/raw-socket.ts';

const TEXT = 1;
const ASK = writeStep1(Uint8Array.of(0));
const ANSWER_MS = 5_000;
/** A document collects what was legal; then comes a new one. */
const FRAMES_A_DOCUMENT = 400;

/** What a lane saw. */
export interface LaneCounts {
  frames: number;
  malformed: number;
  /** Bytes of malformed frames' content that somebody else was sent. */
  leaked: number;
}

/** An attacker and a bystander on one document: each frame is followed by a question to the server on both, so that its effects are known to be over. */
export class FuzzLane {
  readonly counts: LaneCounts = { frames: 0, malformed: 0, leaked: 0 };
  readonly #server: BenchServer;
  #document: BenchDocument | null = null;
  #attacker: BenchClient | null = null;
  #bystander: BenchClient | null = null;
  #heard = 0;

  constructor(server: BenchServer) {
    this.#server = server;
  }

  /** Sends one frame. Rejects where the server is not there. */
  async send(frame: Uint8Array | string): Promise<void> {
    if (this.counts.frames % FRAMES_A_DOCUMENT === 0) this.close();
    const malformed = isMalformed(frame);
    const { attacker, bystander } = await this.#connected();
    this.#heard = 0;
    this.counts.frames++;
    if (typeof frame === 'string') attacker.socket.sendFramed(framed(Buffer.from(frame), TEXT));
    else attacker.send(frame);
    await answered(attacker);
    await answered(bystander);
    if (!malformed) return;
    this.counts.malformed++;
    this.counts.leaked += this.#heard;
  }

  close(): void {
    this.#attacker?.socket.end();
    this.#bystander?.socket.end();
    this.#attacker = null;
    this.#bystander = null;
    this.#document = null;
  }

  async #connected(): Promise<{ attacker: BenchClient; bystander: BenchClient }> {
    this.#document ??= (await this.#server.documents(1))[0]!;
    if (!this.#bystander?.socket.isOpen) {
      this.#bystander = await opened(this.#document);
      this.#bystander.onUpdate = (update) => {
        this.#heard += update.length;
      };
      this.#bystander.onAwareness = (payload) => {
        // Saying that somebody left is right when a socket was closed.
        if (holdsStates(payload)) this.#heard += payload.length;
      };
    }
    if (!this.#attacker?.socket.isOpen) this.#attacker = await opened(this.#document);
    return { attacker: this.#attacker, bystander: this.#bystander };
  }
}

async function opened(document: BenchDocument): Promise<BenchClient> {
  const client = await connectBench(document);
  await within(client.state);
  return client;
}

/** Resolves when the server answered a question asked now, or the socket is closed. One that gets no answer is closed. */
async function answered(client: BenchClient): Promise<void> {
  const done = new Promise<void>((resolve) => {
    client.onState = resolve;
    client.socket.onClose = resolve;
    if (!client.socket.isOpen) resolve();
  });
  client.send(ASK);
  await within(done).catch(() => client.socket.end());
}

async function within<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('The server did not answer.')), ANSWER_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** True where no client could mean it: our reader refuses it, or Yjs throws on it. */
function isMalformed(frame: Uint8Array | string): boolean {
  if (typeof frame === 'string') return true;
  try {
    const read = readFrame(frame);
    if (read.kind !== 'update') return false;
    Y.applyUpdate(new Y.Doc(), read.update);
    return false;
  } catch {
    return true;
  }
}

function holdsStates(payload: Uint8Array): boolean {
  const decoder = decoding.createDecoder(payload);
  for (let left = decoding.readVarUint(decoder); left > 0; left--) {
    decoding.readVarUint(decoder);
    decoding.readVarUint(decoder);
    if (decoding.readVarString(decoder) !== 'null') return true;
  }
  return false;
}
