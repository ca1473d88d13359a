import type { ReactNode } from 'react';
import { useLive } from '../live.ts';
import { useSession } from '../session.tsx';
import { CellRuns } from './cell-runs.tsx';
import { LogDialog } from './log-dialog.tsx';
import { RunDialog } from './run-detail.tsx';
import { SessionDialog } from './session-dialog.tsx';

/** What is shown of runs above the document, over all of a phone's screen. Loaded when it is first asked for (WB9). */
export function RunSheetView(): ReactNode {
  const { sheet } = useSession();
  const shown = useLive(sheet);
  const close = (): void => sheet.set(null);
  switch (shown?.kind) {
    case 'cell':
      return <CellRuns cellKey={shown.key} onClose={close} />;
    case 'run':
      return <RunDialog runId={shown.runId} onClose={close} />;
    case 'log':
      return <LogDialog runId={shown.runId} onClose={close} />;
    case 'session':
      return <SessionDialog op={shown.op} language={shown.language} sessionName={shown.sessionName} onClose={close} />;
    default:
      return null;
  }
}
