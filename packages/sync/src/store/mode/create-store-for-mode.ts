import type { SyncMode } from '@markco/core/flags';
import type { Registry } from 'prom-client';
import type { Log } from '../../log.ts';
import type { DocumentStore } from '../document-store.ts';
import { ModeMetrics } from './mode-metrics.ts';
import { fixedMode, type ModeSource } from './mode-source.ts';
import { ModeStore } from './mode-store.ts';
import { WorkspaceFiles } from './workspace-files.ts';

export interface ModeOptions {
  /** From the environment. */
  readonly mode: SyncMode;
  /** OP1: who has which mode, where that may change while the process runs (default: `mode`, for everyone). */
  readonly modes?: ModeSource;
  readonly prismaStore: DocumentStore;
  /** Root of the markdown files. Null: none are written, which only `relay_primary` can do without. */
  readonly workspacesDir: string | null;
  readonly log: Log;
  readonly registry?: Registry;
  /** Watch the folders for outside edits (default true). */
  readonly watch?: boolean;
}

/** SY12: the store of a mode. Throws where the mode needs files and no folder is given. Closing it closes `prismaStore` too. */
export function createStoreForMode(options: ModeOptions): DocumentStore {
  const { mode, prismaStore, workspacesDir, log } = options;
  if (workspacesDir === null) {
    options.modes?.onChange(() => {
      if (options.modes?.global() === 'relay_primary') return;
      log.error(
        { reason: 'mode' },
        'SYNC_MODE was changed to one that needs files: set MARKCO_WORKSPACES_DIR and restart. Postgres is used.',
      );
    });
    if (mode === 'relay_primary') return prismaStore;
    throw new Error(`SYNC_MODE=${mode} keeps documents in files: set MARKCO_WORKSPACES_DIR to their folder.`);
  }
  const files = new WorkspaceFiles(workspacesDir, log, options.watch ?? true);
  return new ModeStore({
    modes: options.modes ?? fixedMode(mode),
    postgres: prismaStore,
    files,
    metrics: new ModeMetrics(options.registry ?? null),
    log,
  });
}
