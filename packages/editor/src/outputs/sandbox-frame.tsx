import { OUTPUT_POLICY } from '@markco/core/document/output-frame';
import { type ReactNode, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useSession } from '../session.tsx';

const START_HEIGHT = 160;
const MAX_HEIGHT = 1200;

/**
 * WB7: HTML or SVG of a run, in a frame without our origin and without any network: its scripts run, but reach nothing. The frame tells
 * its height. Where the host serves a page for it, the frame gets its content when it asks; otherwise it stands in the frame itself.
 */
export function SandboxFrame({
  html,
  title,
  size,
}: {
  html: string;
  title: string;
  size?: { width: number; height: number } | null;
}): ReactNode {
  const frame = useRef<HTMLIFrameElement>(null);
  const [height, setHeight] = useState(size?.height ?? START_HEIGHT);
  const page = useMemo(() => framePage(html), [html]);
  const { outputFrame } = useSession().host;
  // Before the frame can load: it asks once.
  useLayoutEffect(() => {
    const onMessage = (event: MessageEvent): void => {
      const speaker = frame.current?.contentWindow;
      // The frame's origin is opaque, so the window itself is the only proof of who speaks, and no target origin names it.
      if (!speaker || event.source !== speaker) return;
      const told = event.data as { markcoHeight?: unknown; markcoFrame?: unknown } | null;
      if (outputFrame !== undefined && told?.markcoFrame === 'ready') speaker.postMessage({ markcoHtml: page }, '*');
      const height = told?.markcoHeight;
      if (typeof height === 'number' && height > 0) setHeight(Math.min(MAX_HEIGHT, Math.ceil(height)));
    };
    window.addEventListener('message', onMessage);
    return () => window.removeEventListener('message', onMessage);
  }, [outputFrame, page]);
  return (
    <iframe
      // Another output is another frame: a page that was written once asks no more.
      key={page}
      ref={frame}
      className="mk-frame"
      title={title}
      sandbox="allow-scripts"
      {...(outputFrame === undefined ? { srcDoc: page } : { src: outputFrame })}
      style={{ height }}
      loading="lazy"
      referrerPolicy="no-referrer"
    />
  );
}

const REPORT = `<script>(()=>{const tell=()=>parent.postMessage({markcoHeight:document.documentElement.getBoundingClientRect().height},'*');
new ResizeObserver(tell).observe(document.documentElement);addEventListener('load',tell);tell()})()</script>`;

const STYLE = `<style>:root{color-scheme:light dark}html,body{margin:0;background:transparent}body{font:14px/1.5 system-ui,sans-serif;overflow-x:auto}
svg,img{max-width:100%;height:auto}table{border-collapse:collapse}td,th{padding:4px 10px;text-align:right;border-bottom:1px solid #8884}</style>`;

/** The whole page of a frame. The policy comes first, before anything of the output can load. */
export function framePage(html: string): string {
  return `<!doctype html><html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${OUTPUT_POLICY}">${STYLE}</head><body>${html}${REPORT}</body></html>`;
}
