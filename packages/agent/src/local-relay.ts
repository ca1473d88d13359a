import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { docPathToUrl, parseDocPath } from '@markco/core/project/doc-path';
import type { FileStore } from '@markco/sync/file-store/file-store';
import { type Access, type Authorizer, UpgradeRefused } from '@markco/sync/relay/authorize';
import type { Relay } from '@markco/sync/relay/relay';

/** Where the desktop's window reaches its documents without a network (EL3). */
export interface LocalRelay {
  /** `ws://127.0.0.1:<port>` */
  readonly url: string;
  readonly secret: string;
  /** The socket address of a document in a linked folder, as a ticket names it. Null for unknown documents. */
  ticket(documentId: string): { url: string; token: string; documentId: string; epoch: string; expiresAt: Date } | null;
  close(): Promise<void>;
}

/** AG3: lets in who knows the secret; a web page in the desktop's browser does not, whatever it guesses of the port. */
export class SecretAuthorizer implements Authorizer {
  readonly secret = randomBytes(32).toString('base64url');
  readonly #store: FileStore;
  readonly #roots: () => string[];

  constructor(store: FileStore, roots: () => string[]) {
    this.#store = store;
    this.#roots = roots;
  }

  async authorize(request: IncomingMessage, address: { userId: string; project: string; docPath: string }): Promise<Access> {
    const query = new URL(request.url ?? '/', 'http://127.0.0.1').searchParams.get('token');
    const given = request.headers.authorization?.replace(/^Bearer /, '') ?? query ?? '';
    if (!same(given, this.secret)) throw new UpgradeRefused(401, 'This address is for the MarkCo app on this computer only.');
    const documentId = new URL(request.url ?? '/', 'http://127.0.0.1').searchParams.get('document') ?? this.#find(address);
    const loaded = documentId ? await this.#store.load(documentId) : null;
    if (!loaded) throw new UpgradeRefused(404, 'The document was not found.');
    return { ref: loaded.ref, userId: loaded.ref.userId, userName: null, mode: 'write', sid: null, expiresAt: Number.MAX_SAFE_INTEGER };
  }

  async recheck(): Promise<{ ok: true }> {
    return { ok: true };
  }

  #find(address: { docPath: string }): string | null {
    const parsed = parseDocPath(address.docPath);
    if (!parsed.ok) return null;
    for (const root of this.#roots()) {
      const id = this.#store.idOf(root, parsed.path);
      if (id) return id;
    }
    return null;
  }
}

/** Opens the relay on 127.0.0.1 at a free port. */
export async function startLocalRelay(relay: Relay, authorizer: SecretAuthorizer, store: FileStore): Promise<LocalRelay> {
  const server = createServer((_request, response) => response.writeHead(404).end());
  server.on('upgrade', (request, socket, head) => relay.handleUpgrade(request, socket, head));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    secret: authorizer.secret,
    ticket: (documentId) => {
      const meta = store.meta(documentId);
      const parsed = meta && parseDocPath(meta.path);
      if (!meta || !parsed?.ok) return null;
      const address = `${url}/sync/local/local/${docPathToUrl(parsed.path)}?document=${encodeURIComponent(documentId)}`;
      return { url: address, token: authorizer.secret, documentId, epoch: meta.epoch, expiresAt: new Date(8.64e15) };
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
