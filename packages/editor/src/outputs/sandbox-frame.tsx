import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';

const START_HEIGHT = 160;
const MAX_HEIGHT = 1200;

/**
 * WB7: HTML or SVG of a run, in a frame without our origin and without any network: its scripts run, but reach nothing. The frame tells
 * its height.
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
  useEffect(() => {
    const onMessage = (event: MessageEvent): void => {
      // The frame's origin is opaque, so the window itself is the only proof of who speaks.
      if (event.source !== frame.current?.contentWindow) return;
      const told: unknown = (event.data as { markcoHeight?: unknown } | null)?.markcoHeight;
      if (typeof told === 'number' && told > 0) setHeight(Math.min(MAX_HEIGHT, Math.ceil(told)));
    };
    window.addEventListener('message', onMessage);
    return () => window.removeEventListener('message', onMessage);
  }, []);
  return (
    <iframe
      ref={frame}
      className="mk-frame"
      title={title}
      sandbox="allow-scripts"
      srcDoc={page}
      style={{ height }}
      loading="lazy"
      referrerPolicy="no-referrer"
    />
  );
}

const POLICY =
  "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; media-src data: blob:";

const REPORT = `<script>(()=>{const tell=()=>parent.postMessage({markcoHeight:document.documentElement.getBoundingClientRect().height},'*');
new ResizeObserver(tell).observe(document.documentElement);addEventListener('load',tell);tell()})()</script>`;

const STYLE = `<style>:root{color-scheme:light dark}html,body{margin:0;background:transparent}body{font:14px/1.5 system-ui,sans-serif;overflow-x:auto}
svg,img{max-width:100%;height:auto}table{border-collapse:collapse}td,th{padding:4px 10px;text-align:right;border-bottom:1px solid #8884}</style>`;

/** The whole page of a frame. The policy comes first, before anything of the output can load. */
export function framePage(html: string): string {
  return `<!doctype html><html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}">${STYLE}</head><body>${html}${REPORT}</body></html>`;
}
