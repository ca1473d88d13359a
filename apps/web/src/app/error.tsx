'use client';

import { Button, buttonClass } from '../ui/button.tsx';
import { Entry } from '../ui/entry.tsx';

/** A page that failed to draw: what it means, and the way on. */
export default function ErrorPage({ reset }: { error: Error; reset(): void }) {
  return (
    <Entry title="This page failed to draw">
      <p className="mb-4 text-sm text-muted">That is our mistake. What you wrote is kept: edits are stored before they are drawn.</p>
      <div className="flex flex-wrap gap-3">
        <Button look="primary" onClick={reset}>
          Draw it again
        </Button>
        <a className={buttonClass()} href="/">
          To your projects
        </a>
      </div>
    </Entry>
  );
}
