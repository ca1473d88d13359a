import type { IncomingMessage } from 'node:http';
import type { DocumentRef } from '../store/document-store.ts';

/** Who a socket is and what it may do; `sid` is what revocation names (SE2). `expiresAt`: ms since the epoch. */
export interface Access {
  readonly ref: DocumentRef;
  readonly userId: string;
  readonly userName: string | null;
  readonly mode: 'read' | 'write';
  readonly sid: string | null;
  readonly expiresAt: number;
  /** The history the ticket was given for (SY7); absent where the permission does not name one. */
  readonly epoch?: string | null;
}

/** Refused at the HTTP upgrade with this status (SY2). `message` says what happened and what to do. */
export class UpgradeRefused extends Error {
  readonly status: 400 | 401 | 403 | 404 | 429 | 503;
  constructor(status: UpgradeRefused['status'], message: string) {
    super(message);
    this.name = 'UpgradeRefused';
    this.status = status;
  }
}

/** The seam between the relay and who runs it: the sidecar checks tickets against Postgres, the desktop a local secret. */
export interface Authorizer {
  /** Rejects with {@link UpgradeRefused}. Called at the upgrade with the parsed address. */
  authorize(request: IncomingMessage, address: { userId: string; project: string; docPath: string }): Promise<Access>;
  /** SY3: every 60 s, at expiry and on invalidation. Null closes the socket with 4401/4403/4404 as `reason` says. */
  recheck(access: Access): Promise<{ ok: true } | { ok: false; code: number; reason: string }>;
}
