import { type ReactNode, useState } from 'react';
import { useSession } from '../session.tsx';
import { Icon } from '../ui/icons.tsx';

/** While a document that is not cached arrives. */
export function Skeleton(): ReactNode {
  return (
    <div className="mk-skeleton" role="status" aria-label="Opening the document">
      {[60, 95, 88, 40, 92, 75].map((width) => (
        <span key={width} style={{ width: `${width}%` }} />
      ))}
    </div>
  );
}

/** When the document cannot be had any more: why, and the text that is still here. */
export function GonePanel({ reason }: { reason: string }): ReactNode {
  const { open, host } = useSession();
  const [copied, setCopied] = useState(false);
  const text = open.doc.getText('content').toString();
  return (
    <section className="mk-gone" aria-label="Document not available">
      <h2>
        <Icon name="warn" size={22} /> This document is not available
      </h2>
      <p>{reason}</p>
      <div className="mk-form-end">
        {text !== '' && (
          <button
            type="button"
            className="mk-button mk-primary"
            onClick={() => void navigator.clipboard?.writeText(text).then(() => setCopied(true))}
          >
            {copied ? 'Copied' : 'Copy the text kept here'}
          </button>
        )}
        <button type="button" className="mk-button" onClick={() => host.navigate({ page: 'dashboard' })}>
          Projects
        </button>
      </div>
      {text !== '' && (
        <details>
          <summary>Show the text kept here</summary>
          <pre className="mk-stream">{text}</pre>
        </details>
      )}
    </section>
  );
}
