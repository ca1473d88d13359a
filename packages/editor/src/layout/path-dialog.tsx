import type { DocumentView } from '@markco/core/contract/projects';
import { parseDocPath } from '@markco/core/project/doc-path';
import { type FormEvent, type ReactNode, useId, useState } from 'react';
import { useHost } from '../host.tsx';
import { wordsOf } from '../runs/run-controller.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Problem } from '../ui/problem.tsx';

/** Asks for the path of a new document, or another one for `document`. */
export function PathDialog({ document, onClose }: { document: DocumentView | null; onClose(): void }): ReactNode {
  const host = useHost();
  const id = useId();
  const [path, setPath] = useState(document?.path ?? '');
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const parsed = parseDocPath(path.trim());
    if (!parsed.ok) return setProblem(parsed.reason);
    setBusy(true);
    try {
      const saved = document ? await host.renameDocument(document.id, parsed.path) : await host.createDocument(parsed.path);
      onClose();
      if (!document) host.navigate({ documentId: saved.id });
    } catch (error) {
      setProblem(wordsOf(error));
      setBusy(false);
    }
  };
  return (
    <Dialog label={document ? 'Rename or move' : 'New document'} kind="center" onClose={onClose}>
      <form className="mk-form" onSubmit={(event) => void save(event)}>
        <label htmlFor={id}>Path in the project</label>
        <input
          id={id}
          autoFocus
          value={path}
          placeholder="02-analysis/first-look.md"
          autoCapitalize="off"
          autoCorrect="off"
          spellCheck={false}
          onChange={(event) => setPath(event.target.value)}
        />
        <Problem words={problem} />
        <div className="mk-form-end">
          <button type="button" className="mk-button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="mk-button mk-primary" disabled={busy || path.trim() === ''}>
            {document ? 'Rename' : 'Create'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
