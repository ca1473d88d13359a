import { scanFences } from '../document/scan-fences.ts';
import { isMapping, parseYamlMapping } from '../document/yaml-mapping.ts';
import { parseAssetPath } from './doc-path.ts';

/** How a document's runtime session starts. `venv` and `cwd` are relative to the project's root; `../` is allowed. */
export type SessionConfig = { venv: string; cwd: string; name: string; autoStart: boolean };

/** What a project's `mrmd.md` says, with defaults. `session` is by language; `python` is always there. */
export type ProjectConfig = {
  name?: string;
  description?: string;
  session: Record<string, SessionConfig> & { python: SessionConfig };
  nav: { order: string[] };
  assets: { directory: string };
};

export const DEFAULT_SESSION: SessionConfig = { venv: '.venv', cwd: '.', name: 'default', autoStart: true };
export const DEFAULT_ASSETS_DIRECTORY = '_assets';

/**
 * Reads `mrmd.md`: its fenced `yaml config` blocks, deep-merged in order. Never throws: what is wrong is left at its default and told in
 * `problems`, for a person. An empty string gives the defaults.
 */
export function parseMrmdConfig(mrmdMd: string): { config: ProjectConfig; problems: string[] } {
  const problems: string[] = [];
  let merged: Record<string, unknown> = {};
  let block = 0;
  for (const fence of scanFences(mrmdMd)) {
    if (!/^ya?ml[ \t]+config(?:\s|$)/.test(fence.info)) continue;
    block++;
    const { data, problem } = parseYamlMapping(fence.content);
    if (problem) problems.push(`Config block ${block} of mrmd.md is not used: ${problem}`);
    merged = deepMerge(merged, data);
  }
  return { config: readConfig(merged, problems), problems };
}

/** The session of one document: its front matter's `session.<language>` over the project's; the rest is kept. */
export function effectiveSession(config: ProjectConfig, frontMatter: Record<string, unknown>, language = 'python'): SessionConfig {
  const base = (Object.hasOwn(config.session, language) ? config.session[language] : undefined) ?? DEFAULT_SESSION;
  const own = mapping(mapping(frontMatter.session)[language]);
  return readSession(own, base, 'The front matter', []);
}

function readConfig(raw: Record<string, unknown>, problems: string[]): ProjectConfig {
  const session: ProjectConfig['session'] = { python: DEFAULT_SESSION };
  for (const [language, value] of Object.entries(mapping(raw.session))) {
    if (!/^[A-Za-z][\w+#-]*$/.test(language)) continue;
    if (!isMapping(value)) problems.push(`session.${language} must hold keys such as venv and cwd.`);
    else session[language.toLowerCase()] = readSession(value, DEFAULT_SESSION, `session.${language}`, problems);
  }
  const name = text(raw.name, 'name', problems);
  const description = text(raw.description, 'description', problems);
  return {
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    session,
    nav: { order: readOrder(mapping(raw.nav).order, problems) },
    assets: { directory: readAssets(mapping(raw.assets).directory, problems) },
  };
}

function readSession(raw: Record<string, unknown>, base: SessionConfig, where: string, problems: string[]): SessionConfig {
  const autoStart = raw.auto_start ?? raw.autoStart;
  if (autoStart !== undefined && autoStart !== null && typeof autoStart !== 'boolean')
    problems.push(`${where}.auto_start must be true or false.`);
  return {
    venv: text(raw.venv, `${where}.venv`, problems) ?? base.venv,
    cwd: text(raw.cwd, `${where}.cwd`, problems) ?? base.cwd,
    name: text(raw.name, `${where}.name`, problems) ?? base.name,
    autoStart: typeof autoStart === 'boolean' ? autoStart : base.autoStart,
  };
}

function readOrder(raw: unknown, problems: string[]): string[] {
  if (raw === undefined || raw === null) return [];
  if (!Array.isArray(raw)) {
    problems.push('nav.order must be a list of paths.');
    return [];
  }
  return raw.filter((entry) => typeof entry === 'string' || typeof entry === 'number').map(String);
}

function readAssets(raw: unknown, problems: string[]): string {
  const directory = text(raw, 'assets.directory', problems)?.replace(/^\.\//, '').replace(/\/+$/, '');
  if (directory === undefined) return DEFAULT_ASSETS_DIRECTORY;
  const parsed = parseAssetPath(directory);
  if (parsed.ok) return parsed.path;
  problems.push(`assets.directory is not used: ${parsed.reason}`);
  return DEFAULT_ASSETS_DIRECTORY;
}

/** A non-empty string (a number counts, as YAML reads `name: 42`), or undefined. */
function text(raw: unknown, where: string, problems: string[]): string | undefined {
  if (raw === undefined || raw === null) return undefined;
  const value = typeof raw === 'number' ? String(raw) : raw;
  if (typeof value === 'string' && value.trim() !== '' && !value.includes('\0')) return value.trim();
  problems.push(`${where} must be a text.`);
  return undefined;
}

function mapping(value: unknown): Record<string, unknown> {
  return isMapping(value) ? value : {};
}

function deepMerge(base: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const merged = new Map(Object.entries(base));
  for (const [key, value] of Object.entries(over)) {
    const before = merged.get(key);
    merged.set(key, isMapping(before) && isMapping(value) ? deepMerge(before, value) : value);
  }
  merged.delete('__proto__');
  return Object.fromEntries(merged);
}
