import { type ReactNode, useState } from 'react';
import { wordsOf } from '../runs/run-controller.ts';
import { useSession } from '../session.tsx';

/** How many runs of a document a host reads at once. */
const PAGE = 100;

/** Brings runs of this document that are older than the known ones; stands there only while there may be some. */
export function OlderRuns({ known }: { known: number }): ReactNode {
  const { host, open } = useSession();
  const [state, setState] = useState<'idle' | 'busy' | 'all'>('idle');
  const [problem, setProblem] = useState<string | null>(null);
  const { olderRuns } = host;
  if (!olderRuns || known < PAGE || state === 'all') return null;
  const load = async (): Promise<void> => {
    setState('busy');
    setProblem(null);
    try {
      setState((await olderRuns(open.id)) === 0 ? 'all' : 'idle');
    } catch (error) {
      setState('idle');
      setProblem(wordsOf(error));
    }
  };
  return (
    <div className="mk-panel-tools">
      <button type="button" className="mk-button mk-small" disabled={state === 'busy'} onClick={() => void load()}>
        Look for older runs
      </button>
      {problem && <span className="mk-problem">{problem}</span>}
    </div>
  );
}
