'use client';

import { useEffect, useState } from 'react';
import { CopyLine } from '../../ui/copy-line.tsx';
import { Card } from '../../ui/page.tsx';

/** How a computer joins: two commands to copy. */
export function ConnectComputer() {
  const [server, setServer] = useState('');
  useEffect(() => setServer(window.location.origin), []);
  return (
    <Card>
      <h2 className="text-lg font-medium">Connect a computer</h2>
      <p className="mt-1 text-sm text-muted">
        Its folders become projects here, and its Python runs what you tap. In a terminal, in the folder with your notebooks:
      </p>
      <ol className="mt-3 grid grid-cols-1 gap-2">
        <li>
          <CopyLine label="the sign-in command" text={`npx markco login ${server}`.trim()} />
        </li>
        <li>
          <CopyLine label="the link command" text="npx markco link ." />
        </li>
      </ol>
    </Card>
  );
}
