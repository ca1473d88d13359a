import { collapseCarriageReturns } from '@markco/core/document/output-block';
import { type ReactNode, useEffect, useState } from 'react';
import { useSession } from '../session.tsx';
import { StreamBlock } from './stream-block.tsx';
import { ZoomImage } from './zoom-image.tsx';

/** The output that is kept in the document itself: text, with images as relative links (RU21). */
export function StoredOutput({ text, runId }: { text: string; runId: string }): ReactNode {
  const { sheet } = useSession();
  const onOpenLog = runId ? () => sheet.set({ kind: 'log', runId }) : undefined;
  return (
    <>
      {splitImages(text).map((part) =>
        part.kind === 'image' ? (
          <StoredImage key={part.key} path={part.path} alt={part.alt} />
        ) : part.kind === 'hidden' ? (
          <p key={part.key} className="mk-hidden-lines">
            {part.what} hidden
            {onOpenLog && (
              <button type="button" className="mk-link-button" onClick={onOpenLog}>
                open full log
              </button>
            )}
          </p>
        ) : (
          <StreamBlock
            key={part.key}
            name="stdout"
            lines={collapseCarriageReturns(part.text).split('\n')}
            dropped={0}
            onOpenLog={onOpenLog}
          />
        ),
      )}
    </>
  );
}

type Part = { key: number } & (
  | { kind: 'text'; text: string }
  | { kind: 'image'; path: string; alt: string }
  | { kind: 'hidden'; what: string }
);

/** Lines that are nothing but an image link become images, and the line that says what was cut opens the log (RU21). */
export function splitImages(text: string): Part[] {
  const parts: Part[] = [];
  let lines: string[] = [];
  const flush = (): void => {
    if (lines.some((line) => line.trim() !== '')) parts.push({ key: parts.length, kind: 'text', text: lines.join('\n') });
    lines = [];
  };
  for (const line of text.split('\n')) {
    const image = /^!\[([^\]]*)\]\(<?([^)>]+)>?\)\s*$/.exec(line.trim());
    const hidden = /^… ([\d,]+ (?:lines|characters)) hidden · open full log …$/.exec(line.trim());
    if (!image && !hidden) {
      lines.push(line);
      continue;
    }
    flush();
    if (hidden) parts.push({ key: parts.length, kind: 'hidden', what: hidden[1]! });
    if (!image) continue;
    parts.push({ key: parts.length, kind: 'image', path: image[2]!, alt: image[1] ?? '' });
  }
  flush();
  return parts;
}

function StoredImage({ path, alt }: { path: string; alt: string }): ReactNode {
  const { host, open } = useSession();
  const [url, setUrl] = useState<string | null | undefined>(undefined);
  useEffect(() => {
    let current = true;
    host.assetUrl({ path, documentId: open.id }).then(
      (found) => current && setUrl(found),
      () => current && setUrl(null),
    );
    return () => {
      current = false;
    };
  }, [host, open.id, path]);
  return <ZoomImage src={url ?? null} alt={alt || path} size={null} missing={url === null} />;
}
