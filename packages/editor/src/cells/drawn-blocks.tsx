import { type ReactNode, useEffect, useState } from 'react';
import { appendCell, appendText } from '../codemirror/cell-commands.ts';
import { useLive } from '../live.ts';
import { Latex } from '../outputs/display-block.tsx';
import { renderMarkdown, renderMarkdownNow } from '../outputs/render-markdown.ts';
import { useSession } from '../session.tsx';
import { Icon } from '../ui/icons.tsx';

/** The title of a document in place of its front matter; a click edits it. */
export function FrontMatter({ source }: { source: string }): ReactNode {
  const [title, setTitle] = useState(() => plainTitle(source));
  useEffect(() => {
    let current = true;
    setTitle(plainTitle(source));
    void import('@markco/core/document/front-matter').then(({ readFrontMatter }) => {
      const named = readFrontMatter(source).data.title;
      if (current) setTitle(typeof named === 'string' ? named : '');
    });
    return () => {
      current = false;
    };
  }, [source]);
  return title ? <div className="mk-doc-title">{title}</div> : <div className="mk-front">Properties</div>;
}

/** What the title most likely is, until the YAML parser is here. */
const plainTitle = (source: string): string => /^title:[ \t]*(["']?)(.+?)\1[ \t]*$/m.exec(source)?.[2] ?? '';

/** A table that scrolls sideways under a header that stays (WB5). */
export function TableBlock({ source }: { source: string }): ReactNode {
  const [html, setHtml] = useState(() => renderMarkdownNow(source));
  useEffect(() => {
    let current = true;
    void renderMarkdown(source).then((made) => current && setHtml(made));
    return () => {
      current = false;
    };
  }, [source]);
  if (html === null) return <pre className="mk-table-source">{source}</pre>;
  // biome-ignore lint/security/noDangerouslySetInnerHtml: DOMPurify made it (WB7)
  // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
  return <div className="mk-table-scroll mk-prose" tabIndex={0} dangerouslySetInnerHTML={{ __html: html }} />;
}

/** A display formula. */
export function MathBlock({ source }: { source: string }): ReactNode {
  return <Latex source={source} />;
}

/** Below the last line: somewhere to go on. */
export function Tail(): ReactNode {
  const { view } = useSession();
  const editor = useLive(view);
  if (!editor) return null;
  return (
    <div className="mk-tail">
      <button type="button" className="mk-button mk-quiet" onClick={() => appendCell(editor)}>
        <Icon name="plus" size={16} /> Code
      </button>
      <button type="button" className="mk-button mk-quiet" onClick={() => appendText(editor)}>
        <Icon name="plus" size={16} /> Text
      </button>
    </div>
  );
}
