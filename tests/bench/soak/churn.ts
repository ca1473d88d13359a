import { ticketToken } from '@markco/sync/sidecar/test-world';
import { writeStep1 } from '@markco/sync/wire/write-frame';
import { until } from '@markco/testing/relay-harness';
import { RELAY_SECRET } from '../../lib/relay-process.ts';
import type { SeededRandom } from '../../lib/seeded-random.ts';
import { TokenLedger } from '../../lib/token-ledger.ts';
import { type TypedDocument, Typist } from '../../lib/typist.ts';
import { RawSocket } from '../relay/wire/raw-socket.ts';

const TICK_MS = 20;
/** What happens in a second, for each client that is here. */
const PER_CLIENT = { type: 0.5, leave: 0.08, reconnect: 0.02, stall: 0.01 };
const STALL_MS = { least: 500, most: 12_000 };

export interface ChurnOptions {
  readonly documents: readonly TypedDocument[];
  readonly port: number;
  readonly random: SeededRandom;
  /** People at a time. */
  readonly people: number;
}

/** A document somebody was in: its books, and who is there now. */
interface Visited {
  readonly ledger: TokenLedger;
  readonly present: Set<Typist>;
}

/** People who come, type, lose their connection, stop reading, and go; on many documents, a few at a time. */
export class Churn {
  readonly #options: ChurnOptions;
  readonly #visited = new Map<TypedDocument, Visited>();
  readonly #present = new Map<Typist, TypedDocument>();
  readonly #leaving = new Set<Typist>();
  readonly #stalled = new Set<RawSocket>();
  #timer: NodeJS.Timeout | null = null;
  #names = 0;
  stalls = 0;
  reconnects = 0;

  constructor(options: ChurnOptions) {
    this.#options = options;
  }

  get people(): number {
    return this.#present.size + this.#leaving.size;
  }

  get visits(): number {
    return this.#names;
  }

  get saved(): number {
    let saved = 0;
    for (const { ledger } of this.#visited.values()) saved += ledger.saved;
    return saved;
  }

  /** The books of every document somebody was in. */
  get ledgers(): ReadonlyMap<TypedDocument, TokenLedger> {
    return new Map([...this.#visited].map(([ref, { ledger }]) => [ref, ledger]));
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  /** Stops; everyone leaves once their edits are saved. Rejects where that takes more than a minute. */
  async empty(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    for (const typist of [...this.#present.keys()]) this.#leave(typist);
    for (const socket of this.#stalled) socket.end();
    await until(
      () => this.#leaving.size === 0,
      60_000,
      'everyone to be told "Saved"',
      async () => this.#letGo(),
    );
  }

  #tick(): void {
    const { random, people } = this.#options;
    const chance = (perSecond: number) => random.chance((perSecond * TICK_MS) / 1000);
    this.#letGo();
    for (let missing = Math.min(5, people - this.#present.size); missing > 0; missing--) this.#join();
    for (const [typist, ref] of [...this.#present]) {
      if (chance(PER_CLIENT.type)) typist.type();
      if (chance(PER_CLIENT.reconnect)) this.#reconnect(typist);
      if (chance(PER_CLIENT.stall)) void this.#stall(ref).catch(() => {});
      if (chance(PER_CLIENT.leave)) this.#leave(typist);
    }
  }

  /** Half of the time to a document where somebody is. */
  #join(): void {
    const { documents, random, port } = this.#options;
    const here = [...this.#present.values()];
    const ref = here.length > 0 && random.chance(0.5) ? random.pick(here) : random.pick(documents);
    const visited = this.#visited.get(ref) ?? { ledger: new TokenLedger(), present: new Set() };
    this.#visited.set(ref, visited);
    this.#present.set(new Typist({ ref, port, ledger: visited.ledger, random, name: `t${this.#names++}` }), ref);
  }

  #leave(typist: Typist): void {
    this.#present.delete(typist);
    this.#leaving.add(typist);
  }

  #letGo(): void {
    for (const typist of this.#leaving) {
      if (!typist.isSaved) continue;
      typist.destroy();
      this.#leaving.delete(typist);
    }
  }

  #reconnect(typist: Typist): void {
    this.reconnects++;
    typist.connection.reconnect();
  }

  /** Somebody who opens the document and then does not read. */
  async #stall(ref: TypedDocument): Promise<void> {
    const { port, random } = this.#options;
    this.stalls++;
    const token = await ticketToken(RELAY_SECRET, ref);
    const socket = await RawSocket.open(`ws://127.0.0.1:${port}/sync/${ref.userId}/${ref.project}/${ref.path}?token=${token}`);
    this.#stalled.add(socket);
    socket.onClose = () => this.#stalled.delete(socket);
    socket.send(writeStep1(Uint8Array.of(0)));
    socket.stream.pause();
    setTimeout(() => socket.end(), random.int(STALL_MS.least, STALL_MS.most)).unref();
  }
}
