import { type ReactNode, useEffect, useMemo, useState } from 'react';

type ToHtml = (text: string) => string;
let toHtml: ToHtml | null = null;

const ESCAPES = /\x1b\[[0-9;:?]*[a-zA-Z]/g;

/** Text of a terminal with its colours; without them until what draws them has loaded (WB9). */
export function AnsiText({ text }: { text: string }): ReactNode {
  const coloured = text.includes('\x1b');
  const [draw, setDraw] = useState<ToHtml | null>(() => toHtml);
  useEffect(() => {
    if (!coloured || draw) return;
    void import('./ansi-html.ts').then(({ ansiHtml }) => {
      toHtml = ansiHtml;
      setDraw(() => ansiHtml);
    });
  }, [coloured, draw]);
  const html = useMemo(() => (coloured && draw ? draw(text) : null), [text, coloured, draw]);
  if (html === null) return <span>{coloured ? text.replace(ESCAPES, '') : text}</span>;
  // biome-ignore lint/security/noDangerouslySetInnerHtml: ansi_up escapes everything and makes only spans with classes
  return <span dangerouslySetInnerHTML={{ __html: html }} />;
}
