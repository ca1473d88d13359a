'use client';

import { useEffect, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { hadFirstValue } from './first-value.ts';

type InstallEvent = Event & { prompt(): Promise<unknown> };
const DISMISSED = 'markco-install-dismissed';

const isIosSafari = () => /iphone|ipad/i.test(navigator.userAgent) && !('standalone' in navigator && navigator.standalone === true);
const isInstalled = () => window.matchMedia('(display-mode: standalone)').matches;

/** WB4: offers to install after the person has had something of it (opened a document twice, or a run ended well); once said no, never again. */
export function InstallHint() {
  const [event, setEvent] = useState<InstallEvent | null>(null);
  const [hidden, setHidden] = useState(true);
  useEffect(() => {
    setHidden(localStorage.getItem(DISMISSED) !== null || isInstalled() || !hadFirstValue());
    const keep = (offered: Event) => {
      offered.preventDefault();
      setEvent(offered as InstallEvent);
    };
    window.addEventListener('beforeinstallprompt', keep);
    return () => window.removeEventListener('beforeinstallprompt', keep);
  }, []);
  if (hidden || (!event && !isIosSafari())) return null;
  const close = () => {
    localStorage.setItem(DISMISSED, '1');
    setHidden(true);
  };
  return (
    <section
      aria-label="Install MarkCo"
      className="flex flex-wrap items-center gap-3 rounded-card border border-line bg-raised px-4 py-3 text-sm"
    >
      <p className="min-w-48 flex-1">
        {event
          ? 'Install MarkCo to open it from the home screen, also without a network.'
          : 'To have MarkCo on the home screen: tap Share, then “Add to Home Screen”.'}
      </p>
      {event ? (
        <Button look="primary" onClick={() => void event.prompt().then(close)}>
          Install
        </Button>
      ) : null}
      <Button onClick={close}>Not now</Button>
    </section>
  );
}
