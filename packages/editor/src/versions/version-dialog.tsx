import type { VersionView } from '@markco/core/contract/versions';
import { type ReactNode, useEffect, useState } from 'react';
import { useLive } from '../live.ts';
import { useSession } from '../session.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { wordsOf } from './use-versions.ts';
import { VersionText } from './version-text.tsx';
import { dayName, timeWords, versionWords } from './version-words.ts';

/** One version: its text beside the one of now, and Restore. `onRestored` gets the version that takes it back, null where nothing changed. */
export function VersionDialog(props: { version: VersionView; onClose(): void; onRestored(before: VersionView | null): void }): ReactNode {
  const { version, onClose, onRestored } = props;
  const { host, open, readOnly } = useSession();
  const me = useLive(host.me);
  const online = useLive(host.online);
  const [text, setText] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    let over = false;
    host.versions!.read(open.id, version.id).then(
      (read) => !over && setText(read),
      (error: unknown) => !over && setProblem(`This version cannot be shown. ${wordsOf(error)}`),
    );
    return () => {
      over = true;
    };
  }, [host, open.id, version.id]);
  const restore = (): void => {
    setBusy(true);
    setProblem(null);
    host.versions!.restore(open.id, version.id).then(
      ({ before }) => onRestored(before),
      (error: unknown) => {
        setBusy(false);
        setProblem(`It was not restored. ${wordsOf(error)}`);
      },
    );
  };
  const day = dayName(version.at, new Date());
  return (
    <Dialog label={`${day}, ${timeWords(version.at)}`} kind="full" onClose={onClose}>
      <p className="mk-version-about">
        <strong>{versionWords(version, me?.name ?? null)}.</strong> Restoring makes the document say this again, for everyone who has it
        open. What it says now is kept first, so you can go back.
      </p>
      {problem !== null && (
        <p className="mk-version-about mk-tone-bad" role="alert">
          {problem}
        </p>
      )}
      {text === null ? (
        problem === null && (
          <p className="mk-empty" role="status">
            Reading the version…
          </p>
        )
      ) : (
        <VersionText doc={open.doc} text={text} />
      )}
      <footer className="mk-version-end">
        {!online && <span className="mk-note">You are offline. Restoring needs a connection.</span>}
        <button type="button" className="mk-button" onClick={onClose}>
          Close
        </button>
        {readOnly === null && (
          <button
            type="button"
            className="mk-button mk-primary"
            data-testid="version-restore"
            disabled={busy || text === null || !online}
            onClick={restore}
          >
            {busy ? 'Restoring…' : 'Restore'}
          </button>
        )}
      </footer>
    </Dialog>
  );
}
