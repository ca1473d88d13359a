import type { Live } from '@markco/editor/host';
import { useSyncExternalStore } from 'react';

/** A {@link Live} value with a setter; setting the same value again tells nobody. */
export interface LiveValue<T> extends Live<T> {
  set(value: T): void;
}

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

/** A {@link Live} value in a component. */
export const useLive = <T>(live: Live<T>): T => useSyncExternalStore(live.subscribe, live.get);
