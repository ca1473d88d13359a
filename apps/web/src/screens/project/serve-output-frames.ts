const FRAME_PAGE = '/output-frame';
const waiting = new WeakMap<Window, string>();

/** Gives a frame the page of its own that may run an output's scripts; its content follows when it asks. */
function serve(frame: HTMLIFrameElement): void {
  const html = frame.getAttribute('srcdoc');
  if (html === null || frame.getAttribute('sandbox') !== 'allow-scripts') return;
  frame.removeAttribute('srcdoc');
  // Also where it was served before: another output begins with an empty page.
  frame.src = FRAME_PAGE;
  if (frame.contentWindow) waiting.set(frame.contentWindow, html);
}

function onMessage(event: MessageEvent): void {
  const source = event.source as Window | null;
  if (!source || (event.data as { markcoFrame?: unknown } | null)?.markcoFrame !== 'ready') return;
  const html = waiting.get(source);
  // The frame's origin is opaque, so no target origin names it.
  if (html !== undefined) source.postMessage({ markcoHtml: html }, '*');
}

/**
 * WB7: outputs come as sandboxed `srcdoc` frames, which inherit this page's policy and with it "no scripts". Moves them to an address
 * that has the sandbox's policy instead (server/output-frame.ts). Returns the stop function.
 */
export function serveOutputFrames(root: HTMLElement): () => void {
  const look = (node: Node) => {
    if (node instanceof HTMLIFrameElement) serve(node);
    else if (node instanceof HTMLElement) for (const frame of node.querySelectorAll('iframe')) serve(frame);
  };
  const observer = new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === 'attributes') look(change.target);
      for (const node of change.addedNodes) look(node);
    }
  });
  window.addEventListener('message', onMessage);
  observer.observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ['srcdoc'] });
  look(root);
  return () => {
    observer.disconnect();
    window.removeEventListener('message', onMessage);
  };
}
