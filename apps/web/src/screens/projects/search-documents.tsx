'use client';

import { useDeferredValue, useState } from 'react';
import { trpc } from '../../data/trpc.ts';
import { Link } from '../../shell/link.tsx';
import { projectPath } from '../../shell/match-screen.ts';
import { fieldClass } from '../../ui/field.tsx';
import { errorText, Notice } from '../../ui/notice.tsx';

const LEAST = 2;

/** WB2: finds words in every document. */
export function SearchDocuments() {
  const [typed, setTyped] = useState('');
  const query = useDeferredValue(typed.trim());
  const asked = query.length >= LEAST;
  const hits = trpc.documents.search.useQuery({ query }, { enabled: asked, placeholderData: (before) => before });
  return (
    <search>
      <input
        type="search"
        aria-label="Search all documents"
        placeholder="Search all documents"
        className={fieldClass}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
      {asked ? (
        <div aria-live="polite" className="mt-2 rounded-card border border-line bg-raised">
          {hits.error ? <Notice kind="danger">{errorText(hits.error)}</Notice> : null}
          {hits.data?.length === 0 ? <p className="px-4 py-3 text-sm text-muted">Nothing holds “{query}”.</p> : null}
          <ul>
            {hits.data?.map((hit) => (
              <li key={`${hit.documentId}:${hit.line}`} className="border-b border-line last:border-0">
                <Link href={projectPath(hit.projectSlug, hit.path)} className="block min-h-11 px-4 py-2 hover:bg-accent-soft">
                  <span className="block text-sm font-medium break-words">
                    {hit.path} <span className="font-normal text-muted">in {hit.projectSlug}</span>
                  </span>
                  <span className="block truncate text-sm text-muted">{hit.excerpt}</span>
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ) : null}
    </search>
  );
}
