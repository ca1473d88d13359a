/**
 * Calls `listener` when the network comes or goes, or the page is shown again (also out of the browser's back-forward cache), where the
 * runtime tells. Returns the stop function.
 */
export function onWake(listener: () => void): () => void {
  const target = globalThis as Partial<Pick<Window, 'addEventListener' | 'removeEventListener' | 'document'>>;
  if (typeof target.addEventListener !== 'function') return () => {};
  const page = target.document;
  const onVisible = () => {
    if (page?.visibilityState === 'visible') listener();
  };
  const events = ['online', 'offline', 'pageshow'] as const;
  for (const event of events) target.addEventListener(event, listener);
  page?.addEventListener('visibilitychange', onVisible);
  return () => {
    for (const event of events) target.removeEventListener?.(event, listener);
    page?.removeEventListener('visibilitychange', onVisible);
  };
}
