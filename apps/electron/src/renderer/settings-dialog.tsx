import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { AgentStatus, DesktopSettings } from '../protocol/ipc-contract.ts';
import { call } from './bridge.ts';
import { Button, Problem, Switch } from './controls.tsx';
import { SignInCard } from './sign-in-card.tsx';
import { useAction } from './use-agent.ts';

/** Account, folders and how the app behaves. */
export function SettingsDialog({ status, onClose }: { status: AgentStatus; onClose(): void }): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      aria-label="Settings"
      onClose={onClose}
      className="m-auto w-[34rem] max-w-[calc(100vw-2rem)] rounded-lg border border-line bg-raised p-0 text-text shadow-pop backdrop:bg-black/40"
    >
      <div className="max-h-[80vh] space-y-6 overflow-auto p-6">
        <header className="flex items-center justify-between">
          <h1 className="text-lg font-semibold">Settings</h1>
          <Button look="quiet" onClick={() => dialog.current?.close()}>
            Close
          </Button>
        </header>
        <section className="space-y-2">
          <h2 className="font-semibold">Account</h2>
          <SignInCard status={status} />
        </section>
        <Folders status={status} />
        <Behaviour status={status} />
      </div>
    </dialog>
  );
}

function Folders({ status }: { status: AgentStatus }): ReactNode {
  const { busy, problem, run } = useAction();
  if (status.folders.length === 0) return null;
  return (
    <section className="space-y-2">
      <h2 className="font-semibold">Folders</h2>
      <ul className="divide-y divide-line">
        {status.folders.map((folder) => (
          <li key={folder.root} className="flex items-center justify-between gap-4 py-2">
            <span className="min-w-0">
              <span className="block text-sm font-medium">{folder.name}</span>
              <span className="block truncate text-sm text-muted">{folder.problem ?? folder.root}</span>
            </span>
            <Button disabled={busy} onClick={() => void run(() => call('unlinkFolder', { root: folder.root }))}>
              Let go
            </Button>
          </li>
        ))}
      </ul>
      <p className="text-sm text-muted">Letting go of a folder deletes nothing, here or in your account.</p>
      <Problem text={problem} />
    </section>
  );
}

function Behaviour({ status }: { status: AgentStatus }): ReactNode {
  const [settings, setSettings] = useState<DesktopSettings | null>(null);
  const { busy, problem, run } = useAction();
  useEffect(() => void call('settings').then(setSettings, () => undefined), []);
  const change = (action: () => Promise<unknown>) =>
    void run(async () => {
      await action();
      setSettings(await call('settings'));
    });
  return (
    <section>
      <h2 className="font-semibold">This computer</h2>
      <Switch
        label="Allow runs from my other devices"
        detail="Cells you run on your phone or on the web execute here, with your files and packages."
        on={status.allowRuns}
        disabled={busy}
        onChange={(allow) => change(() => call('setAllowRuns', { allow }))}
      />
      {settings?.canOpenAtLogin && (
        <Switch
          label="Start at login"
          detail="Without a window; the icon beside the clock shows that it is there."
          on={settings.openAtLogin}
          disabled={busy}
          onChange={(open) => change(() => call('setOpenAtLogin', { open }))}
        />
      )}
      {settings?.plainTokens.only && (
        <Switch
          label="Stay signed in without a keyring"
          detail="This system has no keyring, so you sign in after each start. Switched on, the sign-in is kept in a file that only you can read, but unencrypted."
          on={settings.plainTokens.accepted}
          disabled={busy}
          onChange={(accept) => change(() => call('acceptPlainTokens', { accept }))}
        />
      )}
      {settings?.tokens === 'memory_only' && !settings.plainTokens.only && (
        <p className="py-2 text-sm text-muted">This system has no place for secrets, so you sign in after each start of the app.</p>
      )}
      <Problem text={problem} />
      {settings && <p className="pt-2 text-sm text-muted">MarkCo {settings.version}</p>}
    </section>
  );
}
