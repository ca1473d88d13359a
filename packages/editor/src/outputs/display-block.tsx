import { type ReactNode, useEffect, useRef, useState } from 'react';
import { chooseMime, isPlainTable, mimeText, storedSize } from '../runs/mime-choice.ts';
import { AnsiText } from './ansi-text.tsx';
import { renderMarkdown, sanitizeHtml } from './render-markdown.ts';
import { drawMath } from './render-math.ts';
import { SandboxFrame } from './sandbox-frame.tsx';
import { ZoomImage } from './zoom-image.tsx';

/** One display of a run: its richest variant that we can draw (RU19). */
export function DisplayBlock({ data, metadata }: { data: Record<string, unknown>; metadata: Record<string, unknown> }): ReactNode {
  const chosen = chooseMime(data);
  if (!chosen) return <p className="mk-note">This output has no form that can be shown here.</p>;
  const text = mimeText(chosen.value);
  switch (chosen.mime) {
    case 'text/html':
      return isPlainTable(text) ? <SafeHtml html={text} /> : <SandboxFrame html={text} title="HTML output" />;
    case 'image/svg+xml':
      return <SandboxFrame html={text} title="Drawing" size={storedSize(metadata, chosen.mime)} />;
    case 'text/markdown':
      return <Markdown source={text} />;
    case 'text/latex':
      return <Latex source={text} />;
    case 'application/json':
      return <pre className="mk-stream">{typeof chosen.value === 'string' ? chosen.value : JSON.stringify(chosen.value, null, 2)}</pre>;
    case 'text/plain':
      return (
        <pre className="mk-stream">
          <AnsiText text={text} />
        </pre>
      );
    default:
      return (
        <ZoomImage
          src={`data:${chosen.mime};base64,${text.replace(/\s/g, '')}`}
          alt={plainOf(data)}
          size={storedSize(metadata, chosen.mime)}
        />
      );
  }
}

const plainOf = (data: Record<string, unknown>): string => (typeof data['text/plain'] === 'string' ? data['text/plain'] : 'Plot');

/** HTML made safe and drawn in the page: tables scroll sideways under a header that stays. */
export function SafeHtml({ html }: { html: string }): ReactNode {
  return <Html source={html} render={sanitizeHtml} className="mk-table-scroll" />;
}

/** Markdown that a run printed. */
export function Markdown({ source }: { source: string }): ReactNode {
  return <Html source={source} render={renderMarkdown} className="mk-prose" />;
}

function Html(props: { source: string; render: (source: string) => Promise<string>; className: string }): ReactNode {
  const { source, render, className } = props;
  const [html, setHtml] = useState<string | null>(null);
  useEffect(() => {
    let current = true;
    void render(source).then((made) => current && setHtml(made));
    return () => {
      current = false;
    };
  }, [source, render]);
  if (html === null) return <div className={className} aria-busy="true" />;
  const tabIndex = className === 'mk-table-scroll' ? 0 : undefined;
  // biome-ignore lint/security/noDangerouslySetInnerHtml: DOMPurify made it (WB7)
  return <div className={className} tabIndex={tabIndex} dangerouslySetInnerHTML={{ __html: html }} />;
}

/** TeX, with or without its dollar signs. */
export function Latex({ source }: { source: string }): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const body = source
    .trim()
    .replace(/^\${1,2}|\${1,2}$/g, '')
    .replace(/^\\\[|\\\]$/g, '');
  useEffect(() => {
    if (box.current) void drawMath(box.current, body, true);
  }, [body]);
  return (
    <div ref={box} className="mk-math-block">
      {body}
    </div>
  );
}
