import { AnsiUp } from 'ansi_up';

/** Terminal text as HTML with colour classes; everything else is escaped. Links in escapes are not followed. */
export function ansiHtml(text: string): string {
  const ansi = new AnsiUp();
  ansi.use_classes = true;
  ansi.url_allowlist = {};
  return ansi.ansi_to_html(text);
}
