import { type ReactNode, useState } from 'react';
import { wordsOf } from '../runs/run-controller.ts';
import { useSession } from '../session.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Problem } from '../ui/problem.tsx';

type Props = { op: 'restart' | 'reset'; language: string; sessionName: string; onClose(): void };

const WORDS = {
  restart: {
    title: 'Restart session?',
    does: 'starts anew, and what runs in it ends. Its variables are lost; documents and files stay.',
    yes: 'Restart',
    busy: 'Restarting…',
  },
  reset: {
    title: 'Clear variables?',
    does: 'forgets its variables, also those that other documents made in it. Its interpreter goes on, so what it has loaded is not loaded again; documents and files stay.',
    yes: 'Clear',
    busy: 'Clearing…',
  },
};

/** RU12: a session is ended or emptied only by the person, who is told what goes with it. */
export function SessionDialog({ op, language, sessionName, onClose }: Props): ReactNode {
  const { controller } = useSession();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const words = WORDS[op];
  const go = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await controller.session(op, language, sessionName);
      onClose();
    } catch (error) {
      setBusy(false);
      setProblem(wordsOf(error));
    }
  };
  return (
    <Dialog label={words.title} kind="center" onClose={onClose}>
      <div className="mk-form">
        <p className="mk-note">
          The {language} session “{sessionName}” {words.does}
        </p>
        <Problem words={problem} />
        <div className="mk-form-end">
          <button type="button" className="mk-button" onClick={onClose}>
            {op === 'restart' ? 'Keep it' : 'Keep them'}
          </button>
          <button type="button" className="mk-button mk-danger" disabled={busy} data-testid={`${op}-session`} onClick={() => void go()}>
            {busy ? words.busy : words.yes}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
