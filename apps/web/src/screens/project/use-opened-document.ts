import { buildTree, flattenTree } from '@markco/core/project/ordering';
import { useLive } from '@markco/editor/live';
import { useEffect, useRef } from 'react';
import type { WebHost } from '../../host/web-host.ts';
import { go } from '../../shell/link.tsx';
import { projectPath } from '../../shell/match-screen.ts';

const lastKey = (projectId: string) => `markco-last:${projectId}`;

/**
 * Which document the address means. Without one: the one opened last here, or the first. A document that is renamed while it is
 * open stays open, and the address follows it; one that is deleted stays until the person goes elsewhere.
 */
export function useOpenedDocument(host: WebHost, docPath: string | null): { documentId: string | null; title: string | null } {
  const documents = useLive(host.documents);
  const { id: projectId, slug } = useLive(host.project);
  const shown = useRef<{ documentId: string; path: string } | null>(null);
  const byPath = docPath === null ? undefined : documents.find((each) => each.path === docPath);
  // The address still names the path that the open document had before it was renamed or deleted.
  const kept = !byPath && docPath !== null && shown.current?.path === docPath ? shown.current.documentId : null;
  const documentId = byPath?.id ?? kept;
  const document = documents.find((each) => each.id === documentId);

  useEffect(() => {
    if (document) {
      shown.current = { documentId: document.id, path: document.path };
      localStorage.setItem(lastKey(projectId), document.id);
      if (document.path !== docPath) go(projectPath(slug, document.path), { replace: true });
      return;
    }
    if (docPath !== null || documents.length === 0) return;
    const last = localStorage.getItem(lastKey(projectId));
    const order = flattenTree(buildTree(documents.map(({ path }) => path)));
    const start = documents.find(({ id }) => id === last) ?? documents.find(({ path }) => path === order[0]) ?? documents[0]!;
    go(projectPath(slug, start.path), { replace: true });
  }, [document, documents, docPath, projectId, slug]);

  return { documentId, title: document?.title ?? null };
}
