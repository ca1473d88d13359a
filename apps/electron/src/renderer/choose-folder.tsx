import { type ReactNode, useState } from 'react';
import type { FolderPreview } from '../protocol/ipc-contract.ts';
import { call } from './bridge.ts';
import { Button, Problem } from './controls.tsx';
import { useAction } from './use-agent.ts';

const sizeOf = (bytes: number): string =>
  bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;

type Props = { look?: 'primary' | 'plain'; signedIn: boolean; onLinked(root: string): void };

/** FB1: choose a folder, see what it holds, then open it. */
export function ChooseFolder({ look = 'primary', signedIn, onLinked }: Props): ReactNode {
  const [preview, setPreview] = useState<FolderPreview | null>(null);
  const { busy, problem, run } = useAction();
  const link = async (folder: FolderPreview): Promise<void> => {
    await call('linkFolder', { root: folder.dir });
    onLinked(folder.dir);
  };
  if (preview) {
    return (
      <section aria-label="What will be opened" className="space-y-3 rounded-lg border border-line bg-raised p-4 text-left">
        <h2 className="font-semibold">{preview.name}</h2>
        <p className="break-all text-sm text-muted">{preview.dir}</p>
        <p className="text-sm">
          {preview.documents === 1 ? '1 document' : `${preview.documents} documents`} ({sizeOf(preview.bytes)}).
          {preview.otherFiles > 0 && ` Other files stay as they are: ${preview.otherFiles}.`}
          {preview.excluded.length > 0 &&
            ` Left out: ${preview.excluded.slice(0, 6).join(', ')}${preview.excluded.length > 6 ? ', …' : ''}.`}
        </p>
        <p className="text-sm text-muted">
          {signedIn ? 'The documents will be uploaded to your account and kept in step.' : 'Nothing leaves this computer.'}
        </p>
        <Problem text={problem} />
        <div className="flex gap-2">
          <Button look="primary" disabled={busy} onClick={() => void run(() => link(preview))}>
            {busy ? 'Opening…' : 'Open folder'}
          </Button>
          <Button onClick={() => setPreview(null)}>Cancel</Button>
        </div>
      </section>
    );
  }
  return (
    <div className="space-y-3">
      <Button look={look} disabled={busy} onClick={() => void run(async () => setPreview(await call('chooseFolder')))}>
        Choose a folder…
      </Button>
      <Problem text={problem} />
    </div>
  );
}
