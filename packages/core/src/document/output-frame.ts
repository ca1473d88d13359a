/** WB7: where the page of output frames is, on the origin of the window that shows them. */
export const OUTPUT_FRAME_PATH = '/output-frame';

/** WB7: what an output may do: its own scripts and styles, what it carries inside, no network. */
export const OUTPUT_POLICY = [
  "default-src 'none'",
  "script-src 'unsafe-inline' 'unsafe-eval'",
  "style-src 'unsafe-inline'",
  'img-src data: blob:',
  'font-src data:',
  'media-src data: blob:',
].join('; ');

/** WB7: the header of {@link OUTPUT_FRAME_PAGE}: an opaque origin, also where the page is opened by itself. */
export const OUTPUT_FRAME_POLICY = `sandbox allow-scripts; ${OUTPUT_POLICY}; frame-ancestors 'self'`;

/**
 * WB7: the page of a frame. It says `{ markcoFrame: 'ready' }` to its parent and becomes what the parent answers with as
 * `{ markcoHtml }`, once. An address of its own, because a `srcdoc` frame inherits the policy of the page around it, under which no
 * script of an output runs.
 */
export const OUTPUT_FRAME_PAGE = `<!doctype html><meta charset="utf-8"><title>Output</title><script>
addEventListener('message', (event) => {
  if (event.source !== parent || typeof event.data?.markcoHtml !== 'string') return;
  document.open(); document.write(event.data.markcoHtml); document.close();
}, { once: true });
parent.postMessage({ markcoFrame: 'ready' }, '*');
</script>`;
