import { createHash } from 'node:crypto';
import type { AppRouter } from '@markco/api/app-router';
import { parseCells } from '@markco/core/document/cells';
import { type CreateRunInput, isTerminal, type RunView } from '@markco/core/run/run';
import type { RunEvent, RunWatchItem } from '@markco/core/run/run-event';
import { connectDocument } from '@markco/sync/client/connect-document';
import type { DocumentConnection } from '@markco/sync/client/document-connection';
import { createTRPCClient, createWSClient, httpBatchLink, splitLink, type TRPCClient, wsLink } from '@trpc/client';
import superjson from 'superjson';
import { v7 } from 'uuid';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { followRun } from '../../apps/web/src/data/follow-run.ts';
import { until } from './installation.ts';

/** An attached document as the phone holds it. */
export interface PhoneDocument {
  id: string;
  doc: Y.Doc;
  text: Y.Text;
  connection: DocumentConnection;
  epoch: string;
  close(): void;
}

/** How a run went, as the phone saw it. */
export interface SeenRun {
  run: RunView;
  events: RunEvent[];
  stdout: string;
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

/** What the phone's page does, without a browser: the same API, the same relay client. */
export class Phone {
  readonly api: TRPCClient<AppRouter>;
  private readonly socket: ReturnType<typeof createWSClient>;

  private constructor(url: string, headers: Record<string, string>) {
    class AuthenticatedSocket extends WebSocket {
      constructor(address: string | URL, protocols?: string | string[]) {
        super(address, protocols, { headers });
      }
    }
    this.socket = createWSClient({
      url: `${url.replace('http', 'ws')}/api/trpc`,
      WebSocket: AuthenticatedSocket as never,
      retryDelayMs: () => 100,
      lazy: { enabled: true, closeMs: 5_000 },
    });
    this.api = createTRPCClient<AppRouter>({
      links: [
        splitLink({
          condition: (operation) => operation.type === 'subscription',
          true: wsLink({ client: this.socket, transformer: superjson }),
          false: httpBatchLink({ url: `${url}/api/trpc`, transformer: superjson, headers }),
        }),
      ],
    });
  }

  /** "Continue on this computer": the local user. */
  static async local(url: string): Promise<Phone> {
    const answer = await fetch(`${url}/auth/local`, { method: 'POST', headers: { origin: url } });
    const cookie = answer.headers.getSetCookie()[0]?.split(';')[0];
    if (!answer.ok || !cookie) throw new Error(`the local sign-in answered ${answer.status}: ${await answer.text()}`);
    return new Phone(url, { cookie, origin: url });
  }

  /** Somebody with a personal access token. */
  static withToken(url: string, token: string): Phone {
    return new Phone(url, { authorization: `Bearer ${token}` });
  }

  /** Attaches a document; `doc` continues one that was open before (offline edits included). */
  open(documentId: string, before?: { doc: Y.Doc; epoch: string }): PhoneDocument {
    const doc = before?.doc ?? new Y.Doc();
    const opened = { id: documentId, doc, text: doc.getText('content'), epoch: before?.epoch ?? '' };
    const connection = connectDocument({
      doc,
      epoch: before?.epoch ?? null,
      WebSocket: WebSocket as never,
      getTicket: async () => {
        const ticket = await this.api.documents.ticket.query({ documentId, mode: 'write' });
        opened.epoch = ticket.epoch;
        return ticket;
      },
      onHistoryDiffers: () => {
        throw new Error('the history of the document was replaced');
      },
    });
    return Object.assign(opened, { connection, close: () => connection.close() });
  }

  /** Attaches and waits for the server's text. */
  async openSynced(documentId: string): Promise<PhoneDocument> {
    const document = this.open(documentId);
    await until('the document is synced', () => document.connection.status.synced);
    return document;
  }

  /** Taps Run on a cell. Answers the run's id. */
  async run(document: PhoneDocument, projectId: string, cellIndex: number, extra: Partial<CreateRunInput> = {}): Promise<string> {
    const input = this.request(document, projectId, cellIndex, extra);
    await this.api.runs.create.mutate(input);
    return input.runId;
  }

  /** RU2: what a tap on Run sends, made once and kept until it was answered. */
  request(document: PhoneDocument, projectId: string, cellIndex: number, extra: Partial<CreateRunInput> = {}): CreateRunInput {
    const text = document.text.toString();
    const cell = parseCells(text)[cellIndex];
    if (!cell) throw new Error(`there is no cell ${cellIndex}`);
    const anchor = Y.createRelativePositionFromTypeIndex(document.text, cell.codeEnd);
    return {
      runId: v7(),
      projectId,
      documentId: document.id,
      epoch: document.epoch,
      language: cell.language,
      code: cell.code,
      codeHash: createHash('sha256').update(cell.code).digest('hex'),
      anchor: base64(Y.encodeRelativePosition(anchor)),
      stateVector: base64(Y.encodeStateVector(document.doc)),
      cellIndex,
      ...extra,
    };
  }

  /** Watches a run until it has ended, or until `enough` says so. Survives the server going away. */
  watch(runId: string, enough: (seen: SeenRun) => boolean = ({ run }) => isTerminal(run.state), withinMs = 120_000): Promise<SeenRun> {
    return new Promise((resolve, reject) => {
      const seen: SeenRun = { run: null as unknown as RunView, events: [], stdout: '' };
      const timer = setTimeout(() => {
        stop();
        reject(
          new Error(
            `run ${runId} did not get there in ${withinMs / 1000} s: ${seen.run?.state} ${seen.run?.message} ${seen.stdout.slice(-500)}`,
          ),
        );
      }, withinMs);
      const onItem = (item: RunWatchItem): void => {
        if (item.type === 'run') seen.run = item.run;
        else {
          seen.events.push(item.event);
          if (item.event.body.kind === 'stdout') seen.stdout += item.event.body.text;
        }
        if (!seen.run || !enough(seen)) return;
        stop();
        resolve(seen);
      };
      const unfollow = followRun(this.api.runs.watch.subscribe, runId, 0, onItem, (error, final) => {
        if (!final) return;
        stop();
        reject(error);
      });
      const stop = () => {
        clearTimeout(timer);
        unfollow();
      };
    });
  }

  close(): void {
    this.socket.close();
  }
}
