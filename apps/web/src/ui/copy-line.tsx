'use client';

import { useState } from 'react';

/** Copies text; also where the clipboard API is missing (plain http on a phone). */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}

/** A line of text to copy: a command or a token. */
export function CopyLine({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <div className="flex items-stretch overflow-hidden rounded-control border border-line bg-surface">
      <code className="flex min-w-0 flex-1 items-center overflow-x-auto px-3 py-2 font-mono text-sm whitespace-nowrap">{text}</code>
      <button
        type="button"
        aria-label={`Copy ${label}`}
        className="min-h-11 shrink-0 border-l border-line bg-raised px-4 text-sm font-medium hover:text-accent"
        onClick={() => void copyText(text).then(setCopied)}
      >
        <span aria-live="polite">{copied ? 'Copied' : 'Copy'}</span>
      </button>
    </div>
  );
}
