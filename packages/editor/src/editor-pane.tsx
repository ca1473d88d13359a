import { type ReactNode, useLayoutEffect, useRef } from 'react';
import { createPortal } from 'react-dom';
import { CellFoot } from './cells/cell-foot.tsx';
import { CellHead } from './cells/cell-head.tsx';
import { FrontMatter, MathBlock, TableBlock, Tail } from './cells/drawn-blocks.tsx';
import type { PortalInfo, PortalRegistry } from './codemirror/portals.ts';
import type { HeldEditor } from './held-editor.ts';
import { useLive } from './live.ts';

type Props = { editor: HeldEditor; onShown(): void };

/** The editor of a document: CodeMirror, with React drawing the cells' controls and outputs inside it. */
export function EditorPane({ editor, onShown }: Props): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (!place.current) return;
    editor.show(place.current);
    // A frame begins before it is painted; what follows it comes after (WB9).
    let painted: ReturnType<typeof setTimeout> | undefined;
    const frame = requestAnimationFrame(() => {
      painted = setTimeout(onShown);
    });
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(painted);
      editor.hide();
    };
  }, [editor, onShown]);
  return (
    <>
      <div ref={place} className="mk-editor" data-testid="editor" />
      <Portals registry={editor.registry} />
    </>
  );
}

function Portals({ registry }: { registry: PortalRegistry }): ReactNode {
  const entries = useLive(registry);
  return entries.map((entry) => createPortal(<Drawn info={entry.info} />, entry.element, String(entry.id)));
}

function Drawn({ info }: { info: PortalInfo }): ReactNode {
  switch (info.kind) {
    case 'head':
      return <CellHead cellKey={info.key} index={info.index} language={info.language} info={info.info} />;
    case 'foot':
      return (
        <CellFoot
          cellKey={info.key}
          index={info.index}
          outputRunId={info.outputRunId}
          outputText={info.outputText}
          hasOutput={info.hasOutput}
        />
      );
    case 'front':
      return <FrontMatter source={info.source} />;
    case 'table':
      return <TableBlock source={info.source} />;
    case 'math':
      return <MathBlock source={info.source} />;
    case 'tail':
      return <Tail />;
  }
}
