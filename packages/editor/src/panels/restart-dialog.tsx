import { type ReactNode, useState } from 'react';
import { wordsOf } from '../runs/run-controller.ts';
import { useSession } from '../session.tsx';
import { Dialog } from '../ui/dialog.tsx';

type Props = { language: string; sessionName: string; onClose(): void };

/** RU12: a session is ended only by the person, who is told what goes with it. */
export function RestartDialog({ language, sessionName, onClose }: Props): ReactNode {
  const { controller } = useSession();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const restart = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await controller.session('restart', language, sessionName);
      onClose();
    } catch (error) {
      setBusy(false);
      setProblem(wordsOf(error));
    }
  };
  return (
    <Dialog label="Restart session?" kind="center" onClose={onClose}>
      <div className="mk-form">
        <p className="mk-note">
          The {language} session “{sessionName}” starts anew, and what runs in it ends. Its variables are lost; documents and files stay.
        </p>
        {problem && (
          <p role="alert" className="mk-problem">
            {problem}
          </p>
        )}
        <div className="mk-form-end">
          <button type="button" className="mk-button" onClick={onClose}>
            Keep it
          </button>
          <button
            type="button"
            className="mk-button mk-danger"
            disabled={busy}
            data-testid="restart-session"
            onClick={() => void restart()}
          >
            {busy ? 'Restarting…' : 'Restart'}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
