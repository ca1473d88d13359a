import type { RunView } from '@markco/core/run/run';
import { type FormEvent, type ReactNode, useId, useState } from 'react';
import { wordsOf } from '../runs/run-controller.ts';
import { useSession } from '../session.tsx';
import { Problem } from '../ui/problem.tsx';

type Props = { run: RunView; request: { prompt: string; password: boolean; execId: string } };

/** RU14: the line a running program waits for. Passwords are masked and kept nowhere. */
export function InputField({ run, request }: Props): ReactNode {
  const { controller } = useSession();
  const [text, setText] = useState('');
  const [state, setState] = useState<'open' | 'sending' | 'sent'>('open');
  const [problem, setProblem] = useState<string | null>(null);
  const id = useId();
  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setState('sending');
    setProblem(null);
    try {
      await controller.answer(run, request.execId, text);
      setState('sent');
      setText('');
    } catch (error) {
      setState('open');
      setProblem(wordsOf(error));
    }
  };
  if (state === 'sent') return <p className="mk-note">Sent. Waiting for the program…</p>;
  return (
    <form className="mk-input" onSubmit={(event) => void send(event)}>
      <label htmlFor={id}>{request.prompt.trim() || 'The program asks for input'}</label>
      <div className="mk-input-row">
        <input
          id={id}
          data-testid="run-input"
          type={request.password ? 'password' : 'text'}
          autoComplete="off"
          autoCapitalize="off"
          autoCorrect="off"
          spellCheck={false}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit" className="mk-button mk-primary" data-testid="run-input-send" disabled={state === 'sending'}>
          Send
        </button>
      </div>
      <Problem words={problem} />
    </form>
  );
}
