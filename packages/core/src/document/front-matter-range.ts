/** Where the text after the front matter starts, without reading the YAML (and so without its parser); 0 without front matter. */
export function frontMatterEnd(text: string): number {
  return locateFrontMatter(text)?.end ?? 0;
}

/** The YAML of front matter (`start` to `stop`) and the end of its closing line, in UTF-16 units; null without front matter. */
export function locateFrontMatter(text: string): { start: number; stop: number; end: number } | null {
  const line = /([^\r\n]*)(\r\n|\n|\r|$)/y;
  line.lastIndex = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  if (!/^---[ \t]*$/.test(line.exec(text)?.[1] ?? '')) return null;
  const start = line.lastIndex;
  for (let stop = start; stop < text.length; stop = line.lastIndex) {
    const content = line.exec(text)?.[1] ?? '';
    if (/^(?:---|\.\.\.)[ \t]*$/.test(content)) return { start, stop, end: line.lastIndex };
    // "---" before a blank line is a rule, and no YAML line starts with a backtick: not front matter, so its cells stay cells.
    if (content.startsWith('```') || (stop === start && content.trim() === '')) return null;
  }
  return null;
}
