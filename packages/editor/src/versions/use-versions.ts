import type { VersionView } from '@markco/core/contract/versions';
import { useCallback, useEffect, useState } from 'react';
import type { DocumentVersions } from '../host.tsx';

/** `null` while it is asked for the first time; `problem`: why the list could not be had, in words. */
export interface VersionList {
  readonly versions: readonly VersionView[] | null;
  readonly problem: string | null;
  reload(): void;
}

/** The versions of a document, asked for again when `key` changes (its content did). */
export function useVersions(source: DocumentVersions, documentId: string, key: string): VersionList {
  const [versions, setVersions] = useState<readonly VersionView[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [asked, setAsked] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` and `asked` ask again
  useEffect(() => {
    let over = false;
    source.list(documentId).then(
      (list) => {
        if (over) return;
        setVersions(list);
        setProblem(null);
      },
      (error: unknown) => !over && setProblem(wordsOf(error)),
    );
    return () => {
      over = true;
    };
  }, [source, documentId, key, asked]);
  return { versions, problem, reload: useCallback(() => setAsked((times) => times + 1), []) };
}

/** What went wrong, in words for the person. */
export const wordsOf = (error: unknown): string =>
  error instanceof Error && error.message !== '' && !/fetch|network/i.test(error.message)
    ? error.message
    : 'The server cannot be reached now.';
