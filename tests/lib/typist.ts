import { connectDocument } from '@markco/sync/client/connect-document';
import type { DocumentConnection } from '@markco/sync/client/document-connection';
import type { ClientTuning } from '@markco/sync/client/tuning';
import { ticketToken } from '@markco/sync/sidecar/test-world';
import type { DocumentRef } from '@markco/sync/store/document-store';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { RELAY_SECRET } from './relay-process.ts';
import { SeededRandom } from './seeded-random.ts';
import { TokenLedger } from './token-ledger.ts';

/** A document as `makeDocument` makes it. */
export type TypedDocument = DocumentRef & { readonly epoch: string };

export interface TypistOptions {
  readonly ref: TypedDocument;
  /** Where the relay is; asked again for every connection. */
  readonly port: number | (() => number);
  /** Unique among those who share a ledger. */
  readonly name: string;
  readonly ledger: TokenLedger;
  readonly random: SeededRandom;
  readonly tuning?: Partial<ClientTuning>;
  /** The session the ticket hangs on (SE2). */
  readonly sid?: string;
}

// A person does not write forever: beyond this, typing also takes words away again.
const MANY_TOKENS = 40;

/** A client that types unique tokens, deletes some of its own, and keeps the books of what it was told and shown. */
export class Typist {
  readonly doc = new Y.Doc();
  readonly text = this.doc.getText('content');
  readonly connection: DocumentConnection;
  /** The close codes of its sockets, in order. */
  readonly closes: number[] = [];
  readonly #options: TypistOptions;
  /** What typing put there and may take away. */
  readonly #own: string[] = [];
  /** For each edit, in order, what to note once it is saved. */
  readonly #onSaved: (() => void)[] = [];
  #noted = 0;
  #made = 0;
  #sockets = 0;

  constructor(options: TypistOptions) {
    this.#options = options;
    this.connection = this.#connect();
    this.connection.subscribe(() => this.#noteSaved());
    this.text.observe(({ delta }, { local }) => {
      if (local) return;
      for (const { insert } of delta) if (typeof insert === 'string') options.ledger.noteSeen(insert);
    });
  }

  /** What a person is shown: everything is safe. */
  get isSaved(): boolean {
    const { synced, unsaved } = this.connection.status;
    return synced && unsaved === 0;
  }

  /** No socket is open: nothing more can be heard. */
  get isCutOff(): boolean {
    return this.#sockets === 0;
  }

  /** One edit: a new token at a word's edge, or one of its own taken away. */
  type(): void {
    const { random } = this.#options;
    const many = this.#own.length >= MANY_TOKENS;
    if (this.#own.length > 0 && random.chance(many ? 0.5 : 0.05)) this.#delete();
    else this.#own.push(this.insert(this.#somewhere()));
  }

  /** A new token, at the end or where told. Returns it. Typing does not take it away again: one can wait for it. */
  insert(at = this.text.length): string {
    const { ledger, name } = this.#options;
    const token = `<${name}.${this.#made++}>`;
    ledger.noteMade(token);
    this.#onSaved.push(() => ledger.noteSaved(token));
    this.text.insert(at, token);
    return token;
  }

  /** Leaves and forgets what it holds, as a closed tab does. */
  destroy(): void {
    this.connection.close();
    this.doc.destroy();
  }

  #delete(): void {
    const { ledger, random } = this.#options;
    const [token] = this.#own.splice(random.int(0, this.#own.length - 1), 1);
    const at = this.text.toString().indexOf(token!);
    ledger.noteDeleting(token!);
    this.#onSaved.push(() => ledger.noteDeletionSaved(token!));
    this.text.delete(at, token!.length);
  }

  /** Mostly the start or the end; now and then after some word. */
  #somewhere(): number {
    const { random } = this.#options;
    if (random.chance(0.9)) return random.chance(0.5) ? 0 : this.text.length;
    return this.text.toString().indexOf('>', random.int(0, this.text.length)) + 1;
  }

  #noteSaved(): void {
    const saved = this.#onSaved.length - this.connection.status.unsaved;
    for (; this.#noted < saved; this.#noted++) this.#onSaved[this.#noted]!();
  }

  #connect(): DocumentConnection {
    const { ref, port, sid, tuning } = this.#options;
    const onOpen = () => {
      this.#sockets++;
    };
    const onClose = (code: number, wasOpen: boolean) => {
      this.closes.push(code);
      if (wasOpen) this.#sockets--;
    };
    class Socket extends WebSocket {
      constructor(url: string) {
        super(url);
        let wasOpen = false;
        this.once('open', () => {
          wasOpen = true;
          onOpen();
        });
        this.once('close', (code) => onClose(code, wasOpen));
      }
    }
    return connectDocument(
      {
        doc: this.doc,
        epoch: null,
        getTicket: async () => ({
          url: `ws://127.0.0.1:${typeof port === 'number' ? port : port()}/sync/${ref.userId}/${ref.project}/${ref.path}`,
          token: await ticketToken(RELAY_SECRET, ref, sid ? { sid } : {}),
          documentId: ref.documentId,
          epoch: ref.epoch,
          expiresAt: new Date(Date.now() + 300_000),
        }),
        onHistoryDiffers: () => {
          throw new Error('The history never changes here.');
        },
        WebSocket: Socket as unknown as typeof globalThis.WebSocket,
      },
      { retryMinMs: 20, retryMaxMs: 150, laterMs: 200, ...tuning },
    );
  }
}

/** A typist with books of its own. */
export function loneTypist(
  ref: TypedDocument,
  port: TypistOptions['port'],
  options: Partial<TypistOptions> = {},
): Typist & { readonly ledger: TokenLedger } {
  const ledger = new TokenLedger();
  return Object.assign(new Typist({ ref, port, name: 'a', random: new SeededRandom(1), ledger, ...options }), { ledger });
}
