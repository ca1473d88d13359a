import { stripAnsi } from '@markco/core/document/output-block';
import type { ReactNode } from 'react';
import { AnsiText } from './ansi-text.tsx';

/** WB6: an error by its last line; the traceback opens on demand. */
export function ErrorBlock({ name, message, traceback }: { name: string; message: string; traceback: readonly string[] }): ReactNode {
  const summary = message ? `${name}: ${firstLine(message)}` : name;
  if (traceback.length === 0) return <p className="mk-error">{summary}</p>;
  return (
    <details className="mk-error">
      <summary>
        <span>{summary}</span>
      </summary>
      <pre>
        <AnsiText text={traceback.join('\n').replace(/\n{2,}/g, '\n')} />
      </pre>
    </details>
  );
}

const firstLine = (text: string): string => stripAnsi(text).split('\n', 1)[0] ?? '';
