import { type ReactNode, useMemo } from 'react';
import { ansiHtml, hasAnsi } from './ansi-html.ts';

/** Text of a terminal with its colours. */
export function AnsiText({ text }: { text: string }): ReactNode {
  const html = useMemo(() => (hasAnsi(text) ? ansiHtml(text) : null), [text]);
  // biome-ignore lint/security/noDangerouslySetInnerHtml: ansi_up escapes everything and makes only spans with classes
  return html === null ? <span>{text}</span> : <span dangerouslySetInnerHTML={{ __html: html }} />;
}
