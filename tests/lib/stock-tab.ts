import { ticketToken } from '@markco/sync/sidecar/test-world';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { RELAY_SECRET } from './relay-process.ts';
import type { TypedDocument } from './typist.ts';

/** A stock y-websocket client of a document, with a document of its own. */
export interface StockTab {
  readonly doc: Y.Doc;
  readonly text: Y.Text;
  readonly provider: WebsocketProvider;
}

/** Connects one; with `disableBc: false` it also hears those of the same address in this process over a BroadcastChannel. */
export async function openStockTab(ref: TypedDocument, port: number, { disableBc = true } = {}): Promise<StockTab> {
  const doc = new Y.Doc();
  const path = ref.path.split('/').map(encodeURIComponent).join('/');
  const provider = new WebsocketProvider(`ws://127.0.0.1:${port}/sync/${ref.userId}/${ref.project}`, path, doc, {
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    params: { token: await ticketToken(RELAY_SECRET, ref) },
    maxBackoffTime: 200,
    disableBc,
  });
  return { doc, text: doc.getText('content'), provider };
}

/** Leaves as a closed page does. */
export function closeStockTab({ provider, doc }: StockTab): void {
  provider.destroy();
  doc.destroy();
}
