import type { DocumentView } from '@markco/core/contract/projects';
import { useLive } from '@markco/editor/live';
import { Workspace } from '@markco/editor/workspace';
import { type ReactNode, useEffect, useState } from 'react';
import { call } from './bridge.ts';
import { Button, Problem } from './controls.tsx';
import { type DesktopHost, openDesktopHost } from './desktop-host.ts';
import { agentUp, useAction } from './use-agent.ts';

type Page = 'dashboard' | 'runs' | 'devices' | 'settings';

/** One linked folder in the editor's workspace. `onPage`: the editor asks for something that is not a document. */
export function FolderWorkspace({ root, onPage }: { root: string; onPage(page: Page): void }): ReactNode {
  const [host, setHost] = useState<DesktopHost | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    let opened: DesktopHost | null = null;
    let left = false;
    const navigate: DesktopHost['navigate'] = ({ documentId, page }) => (documentId ? setChosen(documentId) : page && onPage(page));
    openDesktopHost({ root, navigate, online: agentUp }).then(
      (made) => {
        if (left) return made.close();
        opened = made;
        setHost(made);
      },
      (error: Error) => !left && setProblem(error.message),
    );
    return () => {
      left = true;
      opened?.close();
      setHost(null);
      setChosen(null);
      setProblem(null);
    };
  }, [root, onPage]);
  if (problem)
    return (
      <div className="mx-auto max-w-xl p-8">
        <Problem text={problem} />
      </div>
    );
  return host ? <Opened host={host} chosen={chosen} onChoose={setChosen} /> : <p className="p-8 text-sm text-muted">Opening…</p>;
}

type OpenedProps = { host: DesktopHost; chosen: string | null; onChoose(documentId: string): void };

function Opened({ host, chosen, onChoose }: OpenedProps): ReactNode {
  const documents = useLive(host.documents);
  const { decision } = useLive(host.view);
  const documentId = documents.some(({ id }) => id === chosen) ? chosen : (firstOf(documents)?.id ?? null);
  return (
    <>
      {decision && <RemovalQuestion root={host.root} paths={decision.paths} side={decision.side} />}
      {documentId ? (
        <div className="workspace-place">
          <Workspace host={host} documentId={documentId} />
        </div>
      ) : (
        <FirstDocument host={host} onMade={onChoose} />
      )}
    </>
  );
}

const firstOf = (documents: readonly DocumentView[]): DocumentView | undefined =>
  documents.find(({ path }) => /^(?:index|readme)\.q?md$/i.test(path)) ?? documents.find(({ path }) => path !== 'mrmd.md') ?? documents[0];

function FirstDocument({ host, onMade }: { host: DesktopHost; onMade(documentId: string): void }): ReactNode {
  const { busy, problem, run } = useAction();
  const text = '# Notes\n\n```python\nprint("Hello from this computer")\n```\n';
  return (
    <main className="mx-auto max-w-md space-y-4 p-10 text-center">
      <h1 className="text-xl font-semibold">This folder has no documents yet</h1>
      <p className="text-sm text-muted">Documents are files that end in .md or .qmd.</p>
      <Problem text={problem} />
      <Button look="primary" disabled={busy} onClick={() => void run(async () => onMade((await host.createDocument('notes.md', text)).id))}>
        Make the first one
      </Button>
    </main>
  );
}

/** FB7: many at once are asked about. */
function RemovalQuestion({ root, paths, side }: { root: string; paths: readonly string[]; side: 'here' | 'there' }): ReactNode {
  const { busy, problem, run } = useAction();
  const where = side === 'here' ? 'went from the folder' : 'were deleted on another device';
  return (
    <div
      role="alertdialog"
      aria-label="Documents went"
      className="fixed bottom-4 left-1/2 z-40 w-[32rem] max-w-[calc(100vw-2rem)] -translate-x-1/2 space-y-3 rounded-lg border border-line bg-warn-soft p-4 text-sm shadow-pop"
    >
      <p>
        {paths.length} documents {where}, among them {paths.slice(0, 3).join(', ')}. Nothing was removed yet.
      </p>
      <Problem text={problem} />
      <div className="flex gap-2">
        <Button disabled={busy} onClick={() => void run(() => call('decideRemoval', { root, answer: 'keep' }))}>
          Keep them
        </Button>
        <Button disabled={busy} onClick={() => void run(() => call('decideRemoval', { root, answer: 'remove' }))}>
          Remove them everywhere
        </Button>
      </div>
    </div>
  );
}
