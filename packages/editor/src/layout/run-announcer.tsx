import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useLive } from '../live.ts';
import { runStatus, targetNameOf } from '../runs/run-status.ts';
import { useSession } from '../session.tsx';

/** Tells screen readers what runs do, from one place that is always there: regions that come and go are not read out (WB8). */
export function RunAnnouncer(): ReactNode {
  const { host, runs, controller } = useSession();
  const all = useLive(runs);
  const pending = useLive(controller.pending);
  const heard = useRef<Map<string, string> | null>(null);
  const [said, setSaid] = useState('');
  useEffect(() => {
    const devices = host.devices.get();
    const now = new Map(
      [
        ...pending.map((run) => [run.id, run.draft.cellIndex ?? null, run.message] as const),
        ...all.map((run) => [run.id, run.cellIndex, runStatus(run, Date.now(), targetNameOf(run, devices)).text] as const),
      ].map(([id, index, text]) => [id, index === null ? text : `Cell ${index + 1}: ${text}`]),
    );
    // What was there when the document opened is no news.
    const news = heard.current ? [...now].find(([id, text]) => heard.current?.get(id) !== text) : undefined;
    heard.current = now;
    if (news) setSaid(news[1]);
  }, [host, all, pending]);
  return (
    <div className="mk-hidden" aria-live="polite" role="status" data-testid="run-announcer">
      {said}
    </div>
  );
}
