import type { OfferedRun } from '@markco/core/device/agent-message';
import type { RuntimeInfo } from '@markco/core/device/device';
import { canonicalLanguage } from '@markco/core/routing/languages';
import type { RuntimeLoss } from '@markco/core/run/run-event';
import type { Runtime } from '../runtimes/runtime.ts';

/** A runtime session: user, project, language and name (one namespace). */
export interface SessionRef {
  userId: string;
  projectId: string;
  language: string;
  sessionName: string;
}

/** Where a run's images are kept as files (RU19): `directory` relative to `root`, POSIX. */
export interface AssetFolder {
  root: string;
  directory: string;
}

/**
 * A runtime that is ready. `takeFresh`: true where its namespace is empty; asked once, when the code is about to run. `replaces`: why the one
 * before it is gone, where this run's acquiring started another.
 */
export interface ReadyRuntime {
  runtime: Runtime;
  takeFresh(): boolean;
  replaces?: RuntimeLoss | null;
  assetFolder: AssetFolder | null;
}

export type RefuseReason = 'busy' | 'no_runtime' | 'runs_not_allowed' | 'draining' | 'limit' | 'error';
export type Admission = { ok: true } | { ok: false; reason: RefuseReason; message: string; busyExecId?: string };

/** What runs need of the place they run in: a device's supervisor or a worker's sandboxes. */
export interface RuntimePool {
  /** Whether this run can run here now. Quick: an offer must be answered within 5 s (RU10). */
  admit(offer: OfferedRun): Promise<Admission>;
  /** Readies the session's runtime, starting it where needed. Rejects with an AppError for the person. */
  acquire(offer: OfferedRun): Promise<ReadyRuntime>;
  /** The session's runtime if it lives; never starts one (AG7). */
  peek(session: SessionRef): Runtime | null;
  /** Kills the process where there is one; the next run starts fresh (RU12). */
  restart(session: SessionRef): Promise<void>;
  /** Empties the namespace. */
  reset(session: SessionRef): Promise<void>;
  /** What the heartbeat tells (AG2). */
  runtimes(): RuntimeInfo[];
  closeAll(): Promise<void>;
}

export const sessionOf = (offer: OfferedRun): SessionRef => ({
  userId: offer.userId,
  projectId: offer.request.projectId,
  language: offer.request.language,
  sessionName: offer.request.sessionName,
});

/** One string a session, whatever alias of its language a cell uses. */
export const sessionKey = (session: SessionRef): string =>
  JSON.stringify([session.userId, session.projectId, canonicalLanguage(session.language), session.sessionName]);
