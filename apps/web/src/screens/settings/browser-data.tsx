'use client';

import { useEffect, useState } from 'react';
import { forgetBrowserData, keptHere } from '../../data/forget-browser-data.ts';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Card } from '../../ui/page.tsx';

type Kept = Awaited<ReturnType<typeof keptHere>>;

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

/** WB3: what this browser keeps to work offline, and the way to clear it. */
export function BrowserData() {
  const [kept, setKept] = useState<Kept | null>(null);
  const [asking, setAsking] = useState(false);
  useEffect(() => void keptHere().then(setKept), []);
  const clear = () =>
    void forgetBrowserData().then(() => {
      // Everything in memory is read again from the server.
      window.location.reload();
    });
  return (
    <Card>
      <h2 className="text-lg font-medium">On this browser</h2>
      <p className="mt-1 text-sm text-muted">
        Documents you opened are kept here, so that they open at once and without a network.
        {kept
          ? ` Now: ${kept.documents === 1 ? '1 document' : `${kept.documents} documents`}${kept.bytes === null ? '' : `, ${megabytes(kept.bytes)} in all`}.`
          : ''}
      </p>
      {kept && kept.unsaved > 0 ? (
        <div className="mt-3">
          <Notice kind="warn">{unsavedText(kept.unsaved)}</Notice>
        </div>
      ) : null}
      <Button look="danger" className="mt-4" onClick={() => setAsking(true)}>
        Clear what is kept here…
      </Button>
      {asking ? (
        <Confirm
          title="Clear this browser?"
          onClose={() => setAsking(false)}
          action={
            <Button look="danger" onClick={clear}>
              Clear
            </Button>
          }
        >
          {kept && kept.unsaved > 0 ? (
            <Notice kind="danger">
              {unsavedText(kept.unsaved)} Clearing loses them. Go online first, and wait until the document says “Saved”.
            </Notice>
          ) : (
            <p>Nothing is lost: everything here is saved. Without a network, documents do not open until they were opened again.</p>
          )}
        </Confirm>
      ) : null}
    </Card>
  );
}

/** SY5: what may be said about edits only this browser has. */
export const unsavedText = (count: number): string =>
  count === 1 ? '1 edit is only on this browser.' : `${count} edits are only on this browser.`;
