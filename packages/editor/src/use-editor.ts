import { useLayoutEffect, useMemo, useState } from 'react';
import type { HeldEditor } from './held-editor.ts';
import type { WorkspaceHost } from './host.tsx';
import { KeptEditors } from './kept-editors.ts';
import { userColor } from './user-color.ts';

/** Attaches a document for as long as the component shows it, with its editor, and follows it to its new history when that is replaced. */
export function useEditor(host: WorkspaceHost, documentId: string, touch: boolean): HeldEditor | null {
  const editors = useMemo(() => new KeptEditors(host), [host]);
  const [shown, setShown] = useState<HeldEditor | null>(null);
  // Before the first paint: cached text shows without a blank frame in between (WB3).
  useLayoutEffect(() => {
    let open = host.open(documentId);
    let stop = attach();
    function attach(): () => void {
      const editor = editors.take(open, touch);
      if (editor.session.open !== open) editor.handOver(open);
      const unfollow = editor.session.follow();
      const me = host.me.get();
      open.awareness.setLocalStateField('user', { name: me?.name ?? me?.email ?? 'Someone', ...userColor(me?.id ?? '') });
      setShown(editor);
      const unwatch = open.replacedBy.subscribe(() => {
        const next = open.replacedBy.get();
        if (!next) return;
        const before = open;
        stop();
        open = next;
        stop = attach();
        before.release();
      });
      return () => {
        unwatch();
        unfollow();
      };
    }
    return () => {
      stop();
      setShown(null);
      open.release();
    };
  }, [host, editors, documentId, touch]);
  useLayoutEffect(() => () => editors.close(), [editors]);
  return shown?.session.open.id === documentId ? shown : null;
}
