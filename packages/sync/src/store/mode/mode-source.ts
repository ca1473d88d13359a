import type { SyncMode } from '@markco/core/flags';

/** OP1: which mode holds for whom. It may change at any moment. */
export interface ModeSource {
  of(userId: string): SyncMode;
  /** For nobody in particular. */
  global(): SyncMode;
  /** Returns the unsubscribe function. */
  onChange(listener: () => void): () => void;
}

/** One mode for everyone, for as long as the process lives. */
export function fixedMode(mode: SyncMode): ModeSource {
  return { of: () => mode, global: () => mode, onChange: () => () => undefined };
}
