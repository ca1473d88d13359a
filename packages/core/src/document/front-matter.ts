import { locateFrontMatter } from './front-matter-range.ts';
import { parseYamlMapping } from './yaml-mapping.ts';

export { frontMatterEnd } from './front-matter-range.ts';

export type FrontMatter = {
  data: Record<string, unknown>;
  /** UTF-16 offset just after the closing line; 0 without front matter. */
  end: number;
  /** What is wrong with it, for a person; `data` is then empty. */
  problem?: string;
};

/** The YAML between `---` lines at the very start of a document. Never throws. */
export function readFrontMatter(text: string): FrontMatter {
  const found = locateFrontMatter(text);
  if (!found) return { data: {}, end: 0 };
  const { data, problem } = parseYamlMapping(text.slice(found.start, found.stop));
  return problem ? { data, end: found.end, problem: `The front matter is not used: ${problem}` } : { data, end: found.end };
}
