/** Calls `listener` when the network is back or the page is shown again, where the runtime tells. Returns the stop function. */
export function onWake(listener: () => void): () => void {
  const target = globalThis as Partial<Pick<Window, 'addEventListener' | 'removeEventListener' | 'document'>>;
  if (typeof target.addEventListener !== 'function') return () => {};
  const page = target.document;
  const onVisible = () => {
    if (page?.visibilityState === 'visible') listener();
  };
  target.addEventListener('online', listener);
  page?.addEventListener('visibilitychange', onVisible);
  return () => {
    target.removeEventListener?.('online', listener);
    page?.removeEventListener('visibilitychange', onVisible);
  };
}
