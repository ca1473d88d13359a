import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { SyncMode } from '@markco/core/flags';
import * as Y from 'yjs';
import { silentLog } from '../../log.ts';
import type { DocumentRef, DocumentStore, LoadedDocument } from '../document-store.ts';
import { wholeState } from './document-states.ts';
import { ModeMetrics } from './mode-metrics.ts';
import type { ModeSource } from './mode-source.ts';
import { ModeStore, type ModeStoreOptions } from './mode-store.ts';
import { WorkspaceFiles } from './workspace-files.ts';

export const MODES: readonly SyncMode[] = ['legacy', 'mirror', 'relay_primary'];

/** For tests: a way to a store that can be cut, as a network or a killed process is. Closing it leaves the store open. */
export interface Gate extends DocumentStore {
  open: boolean;
  readonly appends: number;
}

export function gate(store: DocumentStore): Gate {
  const pass = <T>(call: () => Promise<T>): Promise<T> => (through.open ? call() : Promise.reject(new Error('away')));
  const through = {
    kind: store.kind,
    open: true,
    appends: 0,
    load: (id: string) => pass(() => store.load(id)),
    append: (batches: Parameters<DocumentStore['append']>[0]) => {
      through.appends++;
      return pass(() => store.append(batches));
    },
    saveContent: (contents: Parameters<DocumentStore['saveContent']>[0]) => pass(() => store.saveContent(contents)),
    compact: (id: string) => pass(() => store.compact(id)),
    locate: (ids: readonly string[]) => pass(() => store.locate!(ids)),
    ping: () => pass(() => store.ping()),
    close: async () => undefined,
  };
  return through;
}

/** For tests: a mode that can be changed while a store runs (OP1). */
export class TestModes implements ModeSource {
  #mode: SyncMode;
  readonly #listeners = new Set<() => void>();

  constructor(mode: SyncMode) {
    this.#mode = mode;
  }
  of(): SyncMode {
    return this.#mode;
  }
  global(): SyncMode {
    return this.#mode;
  }
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  set(mode: SyncMode): void {
    this.#mode = mode;
    for (const listener of [...this.#listeners]) listener();
  }
}

/** For tests: a workspaces folder, copied as it stands where its process is killed. */
export class Disk {
  readonly #dirs = [mkdtempSync(path.join(tmpdir(), 'markco-mode-'))];

  get dir(): string {
    return this.#dirs.at(-1)!;
  }
  /** kill −9: whatever the process still does happens elsewhere. */
  crash(): void {
    const next = mkdtempSync(path.join(tmpdir(), 'markco-mode-'));
    copyStill(this.dir, next);
    this.#dirs.push(next);
  }
  fileOf(ref: DocumentRef): string {
    return path.join(this.dir, ref.userId, ref.project, ref.path);
  }
  has(ref: DocumentRef): boolean {
    return existsSync(this.fileOf(ref));
  }
  read(ref: DocumentRef): string {
    return readFileSync(this.fileOf(ref), 'utf8');
  }
  write(ref: DocumentRef, text: string): void {
    writeFileSync(this.fileOf(ref), text);
  }
  remove(): void {
    for (const dir of this.#dirs) rmSync(dir, { recursive: true, force: true });
  }
}

export function openMode(
  mode: SyncMode | ModeSource,
  postgres: DocumentStore,
  disk: Disk,
  options: Partial<ModeStoreOptions> & { watch?: boolean } = {},
): ModeStore {
  const { watch = true, ...rest } = options;
  return new ModeStore({
    modes: typeof mode === 'string' ? new TestModes(mode) : mode,
    postgres,
    files: new WorkspaceFiles(disk.dir, silentLog, watch),
    metrics: new ModeMetrics(null),
    log: silentLog,
    peekMs: 2_000,
    verifyEveryMs: 0,
    following: { retryMs: { min: 5, max: 50 } },
    ...rest,
  });
}

export function textIn(loaded: LoadedDocument | null): string {
  const doc = new Y.Doc();
  if (loaded) Y.applyUpdate(doc, wholeState(loaded));
  return doc.getText('content').toString();
}

/** A history with this text, as one update. */
export function seeded(text: string): Uint8Array {
  const doc = new Y.Doc();
  doc.getText('content').insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}

/** The killed process's last call to the system may be under way, and rename what was about to be copied: then it is done, and none follows. */
function copyStill(from: string, to: string): void {
  for (let attempt = 0; ; attempt++) {
    try {
      cpSync(from, to, { recursive: true, preserveTimestamps: true });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === 5) throw error;
      rmSync(to, { recursive: true, force: true });
    }
  }
}
