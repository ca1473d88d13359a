import { type ReactNode, useLayoutEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import { CellFoot } from './cells/cell-foot.tsx';
import { CellHead } from './cells/cell-head.tsx';
import { FrontMatter, MathBlock, TableBlock, Tail } from './cells/drawn-blocks.tsx';
import { createView } from './codemirror/create-view.ts';
import { type PortalInfo, PortalRegistry } from './codemirror/portals.ts';
import { editorServicesOf } from './editor-services.ts';
import { useLive } from './live.ts';
import { useSession } from './session.tsx';

type Props = { startAt: React.RefObject<number>; onShown(): void };

/** The editor of the session's document: CodeMirror, with React drawing the cells' controls and outputs inside it. */
export function EditorPane({ startAt, onShown }: Props): ReactNode {
  const session = useSession();
  const place = useRef<HTMLDivElement>(null);
  const [registry] = useState(() => new PortalRegistry());
  useLayoutEffect(() => {
    if (!place.current) return;
    const view = createView(session, place.current, registry, editorServicesOf(session), startAt.current);
    // A frame begins before it is painted; what follows it comes after (WB9).
    let painted: ReturnType<typeof setTimeout> | undefined;
    const frame = requestAnimationFrame(() => {
      painted = setTimeout(onShown);
    });
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(painted);
      startAt.current = view.state.selection.main.head;
      session.view.set(null);
      view.destroy();
    };
  }, [session, registry, startAt, onShown]);
  return (
    <>
      <div ref={place} className="mk-editor" data-testid="editor" />
      <Portals registry={registry} />
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
