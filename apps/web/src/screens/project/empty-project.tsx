'use client';

import { useLive } from '@markco/editor/live';
import { useState } from 'react';
import type { WebHost } from '../../host/web-host.ts';
import { go, Link } from '../../shell/link.tsx';
import { projectPath } from '../../shell/match-screen.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { errorText, Notice } from '../../ui/notice.tsx';
import { Empty, Page } from '../../ui/page.tsx';

const FIRST = '# Notes\n\nWrite here. A cell runs where your computer is, or in the cloud:\n\n```python\nprint("Hello")\n```\n';

/** A project without documents, or an address of a document that is not there. */
export function EmptyProject({ host, missing }: { host: WebHost; missing: string | null }) {
  const project = useLive(host.project);
  const documents = useLive(host.documents);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const create = async () => {
    setBusy(true);
    try {
      const made = await host.createDocument('notes.md', FIRST);
      go(projectPath(project.slug, made.path), { replace: true });
    } catch (problem) {
      setError(errorText(problem));
    } finally {
      setBusy(false);
    }
  };
  const gone = missing !== null && documents.length > 0;
  return (
    <Page title={project.name}>
      {error ? <Notice kind="danger">{error}</Notice> : null}
      <Empty
        title={gone ? 'This document is not here' : 'No documents yet'}
        action={
          gone ? (
            <Link href={projectPath(project.slug)} className={buttonClass('primary')}>
              Open the project
            </Link>
          ) : (
            <Button look="primary" busy={busy} onClick={() => void create()}>
              Write the first document
            </Button>
          )
        }
      >
        {gone ? (
          <>
            <span className="font-mono break-all">{missing}</span> was moved, deleted, or never was.
          </>
        ) : (
          'Start with one here, or link a folder on your computer with “markco link”.'
        )}
      </Empty>
    </Page>
  );
}
