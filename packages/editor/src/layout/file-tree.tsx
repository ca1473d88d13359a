import type { DocumentView } from '@markco/core/contract/projects';
import type { ProjectConfig } from '@markco/core/project/mrmd-config';
import { buildTree, type TreeNode } from '@markco/core/project/ordering';
import { memo, type ReactNode, useCallback, useMemo, useState } from 'react';
import { useHost } from '../host.tsx';
import { createLive, useLive } from '../live.ts';
import { wordsOf } from '../runs/run-controller.ts';
import { Icon } from '../ui/icons.tsx';
import { Menu } from '../ui/menu.tsx';
import { Problem } from '../ui/problem.tsx';
import { PathDialog } from './path-dialog.tsx';

const NO_CONFIG = createLive(null);

/** The project's pages in their order; hovering a name warms its cache (WB3). */
export function FileTree({ documentId, onPick }: { documentId: string; onPick?: () => void }): ReactNode {
  const host = useHost();
  const project = useLive(host.project);
  const documents = useLive(host.documents);
  const [asking, setAsking] = useState<'new' | DocumentView | null>(null);
  const [gone, setGone] = useState<DocumentView | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const nav = useLive<ProjectConfig | null>(host.projectConfig ?? NO_CONFIG)?.nav.order;
  const { tree, byPath } = useMemo(() => {
    const present = documents.filter((document) => !document.deletedAt);
    const titles = new Map(present.map((document) => [document.path, document.title]));
    return {
      tree: buildTree([...titles.keys()], { titles, navOrder: nav ?? [] }),
      byPath: new Map(present.map((document) => [document.path, document])),
    };
  }, [documents, nav]);
  const remove = useCallback(
    (document: DocumentView): void => {
      setProblem(null);
      host.deleteDocument(document.id).then(
        () => setGone(document),
        (error: unknown) => setProblem(wordsOf(error)),
      );
    },
    [host],
  );
  const shared: TreeProps = { byPath, documentId, onPick, onRename: setAsking, onDelete: remove };
  return (
    <nav className="mk-tree" aria-label="Documents" data-testid="doc-tree">
      <header className="mk-panel-head">
        <h2>{project.name}</h2>
        <button type="button" className="mk-button mk-quiet" aria-label="New document" onClick={() => setAsking('new')}>
          <Icon name="plus" />
        </button>
      </header>
      {tree.length === 0 && <p className="mk-empty">No documents yet. The plus above makes the first.</p>}
      <Level nodes={tree} {...shared} />
      <Problem words={problem} />
      {gone && (
        <p role="status" className="mk-note">
          Deleted {gone.title}.{' '}
          <button type="button" className="mk-link-button" onClick={() => void host.restoreDocument(gone.id).then(() => setGone(null))}>
            Undo
          </button>
        </p>
      )}
      {asking && <PathDialog document={asking === 'new' ? null : asking} onClose={() => setAsking(null)} />}
    </nav>
  );
}

type TreeActions = {
  onPick?: (() => void) | undefined;
  onRename(document: DocumentView): void;
  onDelete(document: DocumentView): void;
};
type TreeProps = TreeActions & { byPath: ReadonlyMap<string, DocumentView>; documentId: string };

function Level({ nodes, ...props }: TreeProps & { nodes: readonly TreeNode[] }): ReactNode {
  if (nodes.length === 0) return null;
  const { onPick, onRename, onDelete } = props;
  const actions = { onPick, onRename, onDelete };
  return (
    <ul>
      {nodes.map((node) =>
        node.kind === 'folder' ? (
          <Folder key={node.path} node={node} {...props} />
        ) : (
          <Page key={node.path} title={node.title} {...actions} {...placeOf(node.path, props)} />
        ),
      )}
    </ul>
  );
}

function Folder({ node, ...props }: TreeProps & { node: TreeNode }): ReactNode {
  const [open, setOpen] = useState(true);
  return (
    <li>
      <div className="mk-tree-row">
        <button
          type="button"
          className="mk-tree-fold"
          aria-expanded={open}
          aria-label={`${open ? 'Fold' : 'Unfold'} ${node.title}`}
          onClick={() => setOpen(!open)}
        >
          <Icon name={open ? 'down' : 'right'} size={14} />
        </button>
        {node.indexPath === undefined ? (
          <span className="mk-tree-name">{node.title}</span>
        ) : (
          <PageLink title={node.title} onPick={props.onPick} {...placeOf(node.indexPath, props)} />
        )}
      </div>
      {open && <Level nodes={node.children} {...props} />}
    </li>
  );
}

/** What of a row depends on the rest: a switch of documents draws the two rows that change. */
const placeOf = (path: string, { byPath, documentId }: TreeProps) => {
  const document = byPath.get(path);
  return { path, document, here: document?.id === documentId };
};

type RowProps = { title: string; path: string; document: DocumentView | undefined; here: boolean; onPick: TreeProps['onPick'] };

const Page = memo(function Page({ title, path, document, here, onPick, onRename, onDelete }: RowProps & TreeActions): ReactNode {
  return (
    <li>
      <div className="mk-tree-row">
        <PageLink title={title} path={path} document={document} here={here} onPick={onPick} />
        {document && (
          <Menu
            label={`More for ${title}`}
            className="mk-button mk-quiet mk-tree-more"
            items={() => [
              { label: 'Rename or move', icon: 'pen', onSelect: () => onRename(document) },
              { label: 'Delete', icon: 'cross', danger: true, onSelect: () => onDelete(document) },
            ]}
          >
            <Icon name="dots" size={16} />
          </Menu>
        )}
      </div>
    </li>
  );
});

function PageLink({ title, path, document, here, onPick }: RowProps): ReactNode {
  const host = useHost();
  if (!document) return <span className="mk-tree-name">{title}</span>;
  return (
    <button
      type="button"
      className="mk-tree-name mk-tree-link"
      data-testid="doc-link"
      data-path={path}
      aria-current={here ? 'page' : undefined}
      title={document.status === 'ok' ? path : `${path}: ${document.status === 'too_large' ? 'too large to edit here' : 'read only'}`}
      onPointerEnter={() => host.prefetch(document.id)}
      onFocus={() => host.prefetch(document.id)}
      onClick={() => {
        host.navigate({ documentId: document.id });
        onPick?.();
      }}
    >
      {title}
      {document.status !== 'ok' && <small> ({document.status === 'too_large' ? 'too large' : 'read only'})</small>}
    </button>
  );
}
