import { useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();

/** Tells {@link useAddress} that the page has put another address into the history. */
export function tellAddress(): void {
  for (const listener of [...listeners]) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener('popstate', listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('popstate', listener);
  };
}

/**
 * The path of the address, null on the server. Next.js tells it too (`usePathname`), but as a transition that waits for everything else
 * there is to do: a switch of documents is drawn in the frame of the tap (WB9).
 */
export const useAddress = (): string | null =>
  useSyncExternalStore(
    subscribe,
    () => window.location.pathname,
    () => null,
  );
