import type { ReactNode } from 'react';

/** What went wrong with what a person just asked for, read out by screen readers; nothing while `words` is null. */
export function Problem({ words }: { words: string | null }): ReactNode {
  return (
    words && (
      <p role="alert" className="mk-problem">
        {words}
      </p>
    )
  );
}
