import { useLive } from '@markco/editor/live';
import { type ReactNode, useCallback, useState } from 'react';
import { trayLine } from '../main/tray-model.ts';
import type { AgentStatus } from '../protocol/ipc-contract.ts';
import { call } from './bridge.ts';
import { ChooseFolder } from './choose-folder.tsx';
import { Button } from './controls.tsx';
import { FolderWorkspace } from './folder-workspace.tsx';
import { SettingsDialog } from './settings-dialog.tsx';
import { agent, useFollowAgent } from './use-agent.ts';

type Screen = { root: string | null; home: boolean; settings: boolean };

/** The window: a bar with the folder and how things stand, and the workspace below. */
export function App(): ReactNode {
  useFollowAgent();
  const status = useLive(agent);
  const [screen, setScreen] = useState<Screen>({ root: null, home: false, settings: false });
  const change = useCallback((next: Partial<Screen>) => setScreen((now) => ({ ...now, ...next })), []);
  const onPage = useCallback((page: string) => change(page === 'dashboard' ? { home: true } : { settings: true }), [change]);
  const open = useCallback((root: string) => change({ root, home: false }), [change]);
  if (!status) return null;
  const roots = status.folders.map((folder) => folder.root);
  const root = screen.home ? null : roots.includes(screen.root ?? '') ? screen.root : (roots[0] ?? null);
  return (
    <>
      <Bar status={status} root={root} onOpen={open} onHome={() => change({ home: true })} onSettings={() => change({ settings: true })} />
      {root ? <FolderWorkspace key={root} root={root} onPage={onPage} /> : <Welcome status={status} onOpen={open} />}
      {screen.settings && <SettingsDialog status={status} onClose={() => change({ settings: false })} />}
    </>
  );
}

type BarProps = { status: AgentStatus; root: string | null; onOpen(root: string): void; onHome(): void; onSettings(): void };

function Bar({ status, root, onOpen, onHome, onSettings }: BarProps): ReactNode {
  const paused = status.state === 'paused';
  return (
    <header className="flex h-11 items-center gap-3 border-b border-line bg-surface px-3 text-sm">
      <Button look="quiet" className="h-8 font-semibold" onClick={onHome}>
        Folders
      </Button>
      {status.folders.length > 0 && (
        <select
          aria-label="Open folder"
          className="h-8 max-w-60 rounded-md border border-line-strong bg-raised px-2"
          value={root ?? ''}
          onChange={(event) => onOpen(event.target.value)}
        >
          {root === null && <option value="">Choose …</option>}
          {status.folders.map((folder) => (
            <option key={folder.root} value={folder.root}>
              {folder.name}
            </option>
          ))}
        </select>
      )}
      <span className="grow" />
      <span role="status" data-testid="agent-line" className="truncate text-muted">
        {trayLine(status)}
      </span>
      {status.account && (
        <Button look="quiet" className="h-8" onClick={() => void call('pause', { paused: !paused })}>
          {paused ? 'Resume' : 'Pause'}
        </Button>
      )}
      <Button look="quiet" className="h-8" onClick={onSettings}>
        {status.account ? 'Settings' : 'Sign in and settings'}
      </Button>
    </header>
  );
}

/** EL3: no account and no network are needed. */
function Welcome({ status, onOpen }: { status: AgentStatus; onOpen(root: string): void }): ReactNode {
  const first = status.folders.length === 0;
  return (
    <main className="mx-auto max-w-lg space-y-6 px-6 py-16 text-center">
      <h1 className="text-2xl font-semibold">{first ? 'Open a folder of notebooks' : 'Your folders'}</h1>
      <p className="text-muted">
        {first
          ? 'Any folder with .md or .qmd files. They stay files on your disk; cells run on this computer. No account is needed.'
          : 'They stay files on your disk; cells run on this computer.'}
      </p>
      {!first && (
        <ul className="space-y-2 text-left">
          {status.folders.map((folder) => (
            <li key={folder.root}>
              <button
                type="button"
                className="w-full rounded-lg border border-line bg-raised p-4 text-left hover:border-line-strong"
                onClick={() => onOpen(folder.root)}
              >
                <span className="block font-medium">{folder.name}</span>
                <span className="block truncate text-sm text-muted">
                  {folder.problem ?? `${folder.documents === 1 ? '1 document' : `${folder.documents} documents`} · ${folder.root}`}
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
      <ChooseFolder look={first ? 'primary' : 'plain'} signedIn={status.account !== null} onLinked={onOpen} />
    </main>
  );
}
