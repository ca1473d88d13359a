import { type ReactNode, useEffect, useState } from 'react';
import type { OpenDocument } from '../host.tsx';
import { useLive } from '../live.ts';
import { useMedia } from '../ui/hooks.ts';
import { Icon, Spinner } from '../ui/icons.tsx';
import { SAVING_MS, saveText } from './save-text.ts';

/** Whether the edits are safe, in words with an icon (SY5, WB3). */
export function SaveBadge({ open }: { open: OpenDocument }): ReactNode {
  const save = useLive(open.save);
  const waiting = save.unsaved > 0;
  const [long, setLong] = useState(false);
  const phone = useMedia('(pointer: coarse) and (max-width: 767px)');
  useEffect(() => {
    setLong(false);
    if (!waiting) return;
    const timer = setTimeout(() => setLong(true), SAVING_MS);
    return () => clearTimeout(timer);
  }, [waiting]);
  const said = saveText(save, long ? SAVING_MS + 1 : 0, phone ? 'phone' : 'device');
  return (
    <span className={`mk-save mk-tone-${said.tone}`} role="status" data-testid="save-state" data-unsaved={save.unsaved} title={said.text}>
      {said.icon === 'spinner' ? <Spinner size={14} /> : <Icon name={said.icon} size={16} />}
      <span className="mk-save-text">{said.text}</span>
    </span>
  );
}
