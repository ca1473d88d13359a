import { createLive, type LiveValue } from '@markco/editor/live';

/** Whether the server answers: the browser's word for "no network", the outcome of the last request for the rest. */
export function createOnline(): LiveValue<boolean> & { heard(): void; missed(): void } {
  const live = createLive(typeof navigator === 'undefined' ? true : navigator.onLine);
  if (typeof window !== 'undefined') {
    window.addEventListener('online', () => live.set(true));
    window.addEventListener('offline', () => live.set(false));
  }
  return { ...live, heard: () => live.set(true), missed: () => live.set(false) };
}

/** True for a failure of the way to the server, false for an answer of the server. */
export const isNetworkFailure = (error: unknown): boolean =>
  error instanceof Error &&
  !(error as { data?: unknown }).data &&
  /fetch|network|load failed|connection|aborted|unexpected token/i.test(error.message);
