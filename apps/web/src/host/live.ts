import type { Live } from '@markco/editor/host';

/** A {@link Live} value with a setter; setting the same value again tells nobody. */
export interface LiveValue<T> extends Live<T> {
  set(value: T): void;
}

/** A value in memory that components follow with `useSyncExternalStore`. */
export function createLive<T>(initial: T): LiveValue<T> {
  let value = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of [...listeners]) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
