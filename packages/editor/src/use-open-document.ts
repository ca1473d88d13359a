import { useLayoutEffect, useState } from 'react';
import type { OpenDocument, WorkspaceHost } from './host.tsx';

/** Attaches a document for as long as the component shows it, and follows it to its new history when that is replaced. */
export function useOpenDocument(host: WorkspaceHost, documentId: string): OpenDocument | null {
  const [open, setOpen] = useState<OpenDocument | null>(null);
  // Before the first paint: cached text shows without a blank frame in between (WB3).
  useLayoutEffect(() => {
    let current = host.open(documentId);
    let stop = follow();
    setOpen(current);
    function follow(): () => void {
      return current.replacedBy.subscribe(() => {
        const next = current.replacedBy.get();
        if (!next) return;
        stop();
        const before = current;
        current = next;
        stop = follow();
        setOpen(next);
        before.release();
      });
    }
    return () => {
      stop();
      setOpen(null);
      current.release();
    };
  }, [host, documentId]);
  return open?.id === documentId ? open : null;
}
