/** Mime types we can draw, the richest first. Executable JavaScript types are not among them (WB7). */
const ORDER = [
  'text/html',
  'image/svg+xml',
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'text/markdown',
  'text/latex',
  'application/json',
  'text/plain',
] as const;

export type DrawableMime = (typeof ORDER)[number];

/** The richest variant of a mime bundle that we can draw, or null. Values may be text, lists of lines, or JSON. */
export function chooseMime(data: Record<string, unknown>): { mime: DrawableMime; value: unknown } | null {
  for (const mime of ORDER) {
    const value = data[mime];
    if (value !== undefined && value !== null && value !== '') return { mime, value };
  }
  const other = Object.entries(data).find(([mime, value]) => mime.endsWith('+json') && value);
  return other ? { mime: 'application/json', value: other[1] } : null;
}

/** A mime value as text: notebooks also carry lists of lines. */
export function mimeText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((line) => typeof line === 'string')) return value.join('');
  return JSON.stringify(value, null, 2) ?? '';
}

/** What runs, or reaches for the network: it stays in the frame. */
const ACTIVE = /<(?:script|iframe|object|embed|link|form|input|canvas|svg|math|img|image|picture|source|video|audio)[\s>/]/i;

/** True for HTML that is one table and nothing that runs or loads: a DataFrame, which we draw ourselves so that it scrolls and fits the page. */
export function isPlainTable(html: string): boolean {
  return /<table[\s>]/i.test(html) && !ACTIVE.test(html);
}

/** The stored size of an image in CSS pixels, from the display's metadata or its own entry for the mime type. */
export function storedSize(metadata: Record<string, unknown>, mime: string): { width: number; height: number } | null {
  const own = metadata[mime];
  const source = (typeof own === 'object' && own !== null ? own : metadata) as Record<string, unknown>;
  const width = Number(source.width);
  const height = Number(source.height);
  return width > 0 && height > 0 ? { width, height } : null;
}
