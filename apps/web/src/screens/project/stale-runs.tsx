'use client';

import { useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { errorText, Notice } from '../../ui/notice.tsx';

export interface StaleRunsAsked {
  count: number;
  decide(decision: 'run' | 'discard'): Promise<void>;
}

/** WB4: runs tapped without a network, more than five minutes ago: asked again before they start. */
export function StaleRuns({ asked, onClose }: { asked: StaleRunsAsked; onClose(): void }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const { count } = asked;
  const decide = async (decision: 'run' | 'discard') => {
    setBusy(true);
    try {
      await asked.decide(decision);
      onClose();
    } catch (problem) {
      setError(errorText(problem));
      setBusy(false);
    }
  };
  return (
    <Dialog title={count === 1 ? 'Run what waited?' : `Run the ${count} that waited?`} onClose={onClose}>
      <p className="text-sm text-muted">You tapped Run while offline, more than five minutes ago. The document may have changed since.</p>
      {error ? <Notice kind="danger">{error}</Notice> : null}
      <div className="mt-4 flex flex-wrap justify-end gap-3">
        <Button onClick={() => void decide('discard')} disabled={busy}>
          Discard
        </Button>
        <Button look="primary" onClick={() => void decide('run')} busy={busy}>
          Run now
        </Button>
      </div>
    </Dialog>
  );
}
