import { useSyncExternalStore } from 'react';
import type { Live } from './host.tsx';

/** A {@link Live} value with a setter. Setting the same value again tells nobody. */
export interface LiveValue<T> extends Live<T> {
  set(value: T): void;
}

/** A value in memory that components follow with {@link useLive}. */
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

/** The current value of a {@link Live}; the component draws again when it changes. */
export function useLive<T>(live: Live<T>): T {
  return useSyncExternalStore(live.subscribe, live.get, live.get);
}
