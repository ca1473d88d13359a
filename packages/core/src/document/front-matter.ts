import { parseYamlMapping } from './yaml-mapping.ts';

export type FrontMatter = {
  data: Record<string, unknown>;
  /** UTF-16 offset just after the closing line; 0 without front matter. */
  end: number;
  /** What is wrong with it, for a person; `data` is then empty. */
  problem?: string;
};

/** The YAML between `---` lines at the very start of a document. Never throws. */
export function readFrontMatter(text: string): FrontMatter {
  const found = locate(text);
  if (!found) return { data: {}, end: 0 };
  const { data, problem } = parseYamlMapping(text.slice(found.start, found.stop));
  return problem ? { data, end: found.end, problem: `The front matter is not used: ${problem}` } : { data, end: found.end };
}

/** Where the text after the front matter starts, without reading the YAML; 0 without front matter. */
export function frontMatterEnd(text: string): number {
  return locate(text)?.end ?? 0;
}

function locate(text: string): { start: number; stop: number; end: number } | null {
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
