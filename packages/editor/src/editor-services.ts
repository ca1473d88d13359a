import { buildTree, flattenTree, resolveLink } from '@markco/core/project/ordering';
import type { EditorServices } from './codemirror/services.ts';
import type { EditorSession } from './session.tsx';

/** What the editor asks of its surroundings, answered by the session. */
export function editorServicesOf(session: EditorSession): EditorServices {
  const { host, open, controller } = session;
  return {
    imageUrl(path) {
      if (/^(?:https?:|data:image\/)/i.test(path)) return Promise.resolve(path);
      return host.assetUrl({ path: decode(path), documentId: open.id }).catch(() => null);
    },
    run: (indexes) => controller.run(indexes),
    openLink(href) {
      if (/^(?:https?:|mailto:)/i.test(href)) window.open(href, '_blank', 'noopener,noreferrer');
      else openPage(session, decode(href));
    },
    openPage: (target) => openPage(session, target),
    introspect(language, op, body) {
      const sessionName = host.runsOf(open.id).get()[0]?.sessionName ?? 'default';
      return host.introspect({ documentId: open.id, language, sessionName, op, body });
    },
    openPalette: (mode) => session.palette.set(mode),
  };
}

function openPage({ host, open }: EditorSession, target: string): void {
  const documents = host.documents.get().filter((document) => !document.deletedAt);
  const here = documents.find((document) => document.id === open.id)?.path ?? '';
  const ordered = flattenTree(
    buildTree(
      documents.map((document) => document.path),
      { navOrder: host.projectConfig?.get()?.nav.order ?? [] },
    ),
  );
  const found = resolveLink(target, here, ordered);
  const page = found && documents.find((document) => document.path === found.path);
  if (page) host.navigate({ documentId: page.id });
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
