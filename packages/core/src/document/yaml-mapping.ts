import { parseDocument } from 'yaml';

/** Largest YAML read, in UTF-16 units: front matter and project settings are small, and the parser must not be a way to burn time. */
export const MAX_YAML_LENGTH = 64 * 1024;

/** A YAML text that should be a mapping. Empty is an empty mapping; anything else wrong gives `problem` and no data. Never throws. */
export function parseYamlMapping(text: string): { data: Record<string, unknown>; problem?: string } {
  if (text.length > MAX_YAML_LENGTH) return { data: {}, problem: 'it is larger than 64 KB.' };
  try {
    const doc = parseDocument(text, { prettyErrors: false, logLevel: 'silent', uniqueKeys: false });
    const error = doc.errors[0];
    if (error) return { data: {}, problem: `it is not valid YAML (${error.message}).` };
    const value: unknown = doc.toJS({ maxAliasCount: 50 });
    if (value === null || value === undefined) return { data: {} };
    return isMapping(value) ? { data: value } : { data: {}, problem: 'it is not a list of "key: value" lines.' };
  } catch (error) {
    return { data: {}, problem: `it cannot be read (${error instanceof Error ? error.message : 'unknown error'}).` };
  }
}

/** True for a plain object. */
export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
