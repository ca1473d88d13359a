import type { EventBus } from '@markco/core/bus';
import { flagsSchema, type SyncMode } from '@markco/core/flags';
import type { Db } from '@markco/db/client';
import { type FlagRow, resolveFlags } from '@markco/db/resolve-flags';
import type { Log } from '../log.ts';
import type { ModeSource } from '../store/mode/mode-source.ts';

const REFRESH_MS = 5_000;

export interface FlagModesOptions {
  readonly db: Db;
  readonly bus: EventBus;
  readonly log: Log;
  /** From the environment. */
  readonly mode: SyncMode;
  /** Flags that the environment pins. */
  readonly pinned: readonly string[];
}

/**
 * OP1: the mode in force, without a restart: the environment's, and over it what `markco admin flags` says for everyone, a share or a person.
 * While the database is away the last known one stays.
 */
export class FlagModes implements ModeSource {
  readonly #options: FlagModesOptions;
  readonly #listeners = new Set<() => void>();
  readonly #modes = new Map<string | null, SyncMode>();
  #rows: readonly FlagRow[] = [];
  #timer: NodeJS.Timeout | null = null;
  #stops: (() => void)[] = [];

  private constructor(options: FlagModesOptions) {
    this.#options = options;
  }

  /** Reads the overrides once before it resolves; a database that is away then costs nothing but the overrides. */
  static async start(options: FlagModesOptions): Promise<FlagModes> {
    const modes = new FlagModes(options);
    await modes.refresh();
    const refresh = () => void modes.refresh();
    modes.#timer = setInterval(refresh, REFRESH_MS).unref();
    modes.#stops = [options.bus.subscribe('flags.changed', refresh), options.bus.onReconnect(refresh)];
    return modes;
  }

  of(userId: string): SyncMode {
    return this.#resolve(userId);
  }

  global(): SyncMode {
    return this.#resolve(null);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async refresh(): Promise<void> {
    const { db, log } = this.#options;
    try {
      const rows = await db.flagOverride.findMany({
        where: { flag: 'SYNC_MODE' },
        select: { flag: true, value: true, userId: true, percent: true },
        orderBy: { createdAt: 'asc' },
      });
      if (JSON.stringify(rows) === JSON.stringify(this.#rows)) return;
      const before = this.global();
      this.#rows = rows;
      this.#modes.clear();
      log.info({ mode: this.global(), before, overrides: rows.length }, 'The mode of the store changed; documents stay open.');
    } catch (error) {
      log.warn({ err: error }, 'Overrides of SYNC_MODE could not be read; the last known ones stay in force.');
      return;
    }
    for (const listener of [...this.#listeners]) listener();
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    for (const stop of this.#stops) stop();
  }

  #resolve(userId: string | null): SyncMode {
    const known = this.#modes.get(userId);
    if (known) return known;
    const { mode, pinned } = this.#options;
    const found = resolveFlags({ ...flagsSchema.parse({}), SYNC_MODE: mode }, pinned, this.#rows, userId).SYNC_MODE;
    this.#modes.set(userId, found);
    return found;
  }
}
