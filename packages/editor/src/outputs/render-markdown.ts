type Renderer = { render(source: string): string };

let renderer: Renderer | null = null;
let loading: Promise<Renderer> | null = null;

/** Markdown as sanitised HTML (WB7): no scripts, no styles, no forms, links open elsewhere. Loads with its first use. */
export async function renderMarkdown(source: string): Promise<string> {
  return (await loadMarkdown()).render(source);
}

/** As {@link renderMarkdown} where the renderer is already here, else null. */
export const renderMarkdownNow = (source: string): string | null => renderer?.render(source) ?? null;

/** Sanitises HTML that a run printed and that we draw in the page itself, such as a table (WB7). */
export async function sanitizeHtml(html: string): Promise<string> {
  const { default: purify } = await import('dompurify');
  return purify.sanitize(html, SANITIZE);
}

const SANITIZE = {
  USE_PROFILES: { html: true },
  FORBID_TAGS: ['style', 'form', 'input', 'button', 'select', 'textarea', 'video', 'audio', 'iframe'],
  FORBID_ATTR: ['style', 'id', 'name', 'srcset', 'class'],
  // With an expression of our own, DOMPurify holds every other attribute against it too.
  ADD_URI_SAFE_ATTR: ['align', 'colspan', 'rowspan', 'scope', 'width', 'height', 'start', 'type', 'target', 'rel', 'dir', 'lang', 'open'],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|data:image\/(?:png|jpeg|gif|webp);|#)/i,
};

function loadMarkdown(): Promise<Renderer> {
  loading ??= Promise.all([import('markdown-it'), import('dompurify')]).then(([{ default: MarkdownIt }, { default: purify }]) => {
    const markdown = new MarkdownIt({ html: true, linkify: true });
    renderer = { render: (source) => outward(purify.sanitize(aligned(markdown.render(source)), SANITIZE)) };
    return renderer;
  });
  return loading;
}

/** Links leave for a new tab and do not tell where from. */
function outward(html: string): string {
  return html.replace(/<a /g, '<a target="_blank" rel="noopener noreferrer" ');
}

/** Columns keep their alignment as an attribute, since styles are taken out. */
function aligned(html: string): string {
  return html.replace(/<(t[hd]) style="text-align:(left|center|right)">/g, '<$1 align="$2">');
}
