import type { VersionView } from '@markco/core/contract/versions';
import { type ReactNode, useState } from 'react';
import { useLive } from '../live.ts';
import { useSession } from '../session.tsx';
import { Icon } from '../ui/icons.tsx';
import { useVersions, wordsOf } from './use-versions.ts';
import { VersionDialog } from './version-dialog.tsx';
import { byDay, timeWords, versionDetail, versionWords } from './version-words.ts';

/** WB2: what the document was, by day; one opens with its text and the way back. */
export function VersionHistory(): ReactNode {
  const { host, open } = useSession();
  const documents = useLive(host.documents);
  const me = useLive(host.me);
  const hash = documents.find(({ id }) => id === open.id)?.contentHash ?? '';
  const { versions, problem, reload } = useVersions(host.versions!, open.id, hash);
  const [chosen, setChosen] = useState<VersionView | null>(null);
  const [done, setDone] = useState<Done | null>(null);
  const restored = (version: VersionView, before: VersionView | null): void => {
    setChosen(null);
    setDone({ words: before ? `The document is back to ${versionTime(version)}.` : 'The document says that already.', before });
    reload();
  };
  const undone = (): void => {
    setDone({ words: 'Undone: the document is as it was before.', before: null });
    reload();
  };
  return (
    <div className="mk-panel-body">
      {/* Always there, so that what comes into it is read out. */}
      <div role="status" data-testid="version-done">
        {done && <DoneNotice key={done.words} done={done} onUndone={undone} />}
      </div>
      {problem !== null && (
        <div className="mk-version-problem" role="alert">
          <p className="mk-problem">The versions cannot be shown. {problem}</p>
          <button type="button" className="mk-button" onClick={reload}>
            Try again
          </button>
        </div>
      )}
      {versions === null && problem === null && (
        <p className="mk-empty" role="status">
          Looking for versions…
        </p>
      )}
      {versions?.length === 0 && (
        <p className="mk-empty">No versions yet. From the first edit of each day on, what the document was stays here for 90 days.</p>
      )}
      {byDay(versions ?? [], new Date()).map(({ day, versions: ofDay }) => (
        <section key={day} aria-label={day} className="mk-version-day">
          <h3>{day}</h3>
          <ul className="mk-history">
            {ofDay.map((version) => (
              <li key={version.id}>
                <button type="button" className="mk-list-button" data-testid="version" onClick={() => setChosen(version)}>
                  {versionWords(version, me?.name ?? null)}
                  <small className="mk-note">
                    <time dateTime={version.at.toISOString()}>{timeWords(version.at)}</time>
                    {versionDetail(version) && ` · ${versionDetail(version)}`}
                  </small>
                </button>
              </li>
            ))}
          </ul>
        </section>
      ))}
      {chosen && <VersionDialog version={chosen} onClose={() => setChosen(null)} onRestored={(before) => restored(chosen, before)} />}
    </div>
  );
}

/** What was done last, and the version that takes it back. */
interface Done {
  readonly words: string;
  readonly before: VersionView | null;
}

function DoneNotice({ done, onUndone }: { done: Done; onUndone(): void }): ReactNode {
  const { host, open } = useSession();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const undo = (before: VersionView): void => {
    setBusy(true);
    host.versions!.restore(open.id, before.id).then(onUndone, (error: unknown) => {
      setBusy(false);
      setProblem(wordsOf(error));
    });
  };
  return (
    <div className="mk-version-done">
      <p>
        <Icon name="check" size={16} /> {done.words}
      </p>
      {done.before && (
        <button type="button" className="mk-button" disabled={busy} onClick={() => undo(done.before!)}>
          <Icon name="undo" size={16} /> Undo
        </button>
      )}
      {problem !== null && <p className="mk-problem mk-tone-bad">It could not be undone. {problem}</p>}
    </div>
  );
}

const versionTime = (version: VersionView): string =>
  version.at.toLocaleString(undefined, { day: 'numeric', month: 'long', hour: '2-digit', minute: '2-digit' });
