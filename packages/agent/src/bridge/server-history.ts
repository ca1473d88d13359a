import { AppError } from '@markco/core/errors';
import type { BridgeApi } from './bridge-api.ts';
import { announce, type BridgeContext } from './bridge-context.ts';
import { writeConflictCopy } from './conflict-copy.ts';
import { pullState } from './pull-state.ts';

const PULL_TIMEOUT_MS = 20_000;

/** FB4, SY7: fetches the server's history of a document and lets it take the place of what is here; one fetch at a time a document. */
export class ServerHistory {
  readonly #context: BridgeContext;
  readonly #onAdopted: () => void;
  readonly #running = new Map<string, Promise<void>>();

  constructor(context: BridgeContext, onAdopted: () => void) {
    this.#context = context;
    this.#onAdopted = onAdopted;
  }

  /** Does nothing where the server's history is here; `force`: fetch it again, the server has another. Rejects where it can't be had now. */
  async ensure(documentId: string, force: boolean, timeoutMs = PULL_TIMEOUT_MS): Promise<void> {
    const meta = this.#context.store.meta(documentId);
    if (!meta?.serverId || (meta.pulled && !force)) return;
    let running = this.#running.get(documentId);
    if (!running) {
      running = this.#adopt(documentId, meta.serverId, timeoutMs).finally(() => this.#running.delete(documentId));
      this.#running.set(documentId, running);
    }
    await running;
  }

  /** Resolves when no fetch runs any more. */
  async idle(): Promise<void> {
    await Promise.allSettled([...this.#running.values()]);
  }

  async #adopt(documentId: string, serverId: string, timeoutMs: number): Promise<void> {
    const api = this.#context.api();
    if (!api) throw new AppError('unavailable', 'Syncing is paused or signed out.');
    // The first one here, so that being offline is known at once.
    let first: Awaited<ReturnType<BridgeApi['ticket']>> | null = await api.ticket(serverId);
    const ticket = async () => {
      const next = first ?? (await api.ticket(serverId));
      first = null;
      return next;
    };
    const { epoch, state } = await pullState(ticket, AbortSignal.timeout(timeoutMs));
    const before = this.#context.store.meta(documentId);
    if (!before) return;
    await this.#context.store.adopt(documentId, epoch, state, (text) => writeConflictCopy(this.#context, before.path, text));
    if (before.epoch !== epoch) await announce(this.#context, documentId, 'restored');
    this.#onAdopted();
  }
}
