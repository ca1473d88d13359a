export type CellInfo = { kind: 'cell' | 'output' | 'config' | 'plain'; language: string; options: Record<string, string>; runId?: string };

const PYTHON = new Set(['py', 'python', 'python3']);

/** What the info string of a fenced block says. `plain` is a block without a language that can run. Never throws. */
export function parseCellInfo(info: string): CellInfo {
  const word = /^[^\s{]*/.exec(info)?.[0] ?? '';
  if (word === 'output' || word.startsWith('output:')) {
    const runId = word.slice('output:'.length);
    return { kind: 'output', language: '', options: {}, ...(runId && { runId }) };
  }
  if (/^ya?ml[ \t]+config(?:\s|$)/.test(info)) return { kind: 'config', language: 'yaml', options: {} };
  const quarto = /^\{\s*([A-Za-z][\w+#-]*)(?=[\s,}])([^}]*)\}?/.exec(info);
  const language = (quarto?.[1] ?? word).toLowerCase();
  if (language === '') return { kind: 'plain', language: '', options: {} };
  const rest = quarto ? (quarto[2] ?? '') : info.slice(word.length);
  return { kind: 'cell', language: PYTHON.has(language) ? 'python' : language, options: readPairs(rest) };
}

/** Quarto's option comments (`#| key: value`, also after `//`, `--` and `%`) in the first lines of the code. */
export function readCodeOptions(code: string): Record<string, string> {
  const options: Record<string, string> = {};
  const line = /[ \t]*(?:#|\/\/|--|%)\|([^\n]*)(?:\n|$)/y;
  for (let found = line.exec(code); found; found = line.exec(code)) {
    const pair = /^[ \t]*([\w.-]+)[ \t]*:(.*)$/.exec(found[1] ?? '');
    if (pair) set(options, pair[1]!, pair[2]!.trim());
    if (line.lastIndex >= code.length) break;
  }
  return options;
}

function readPairs(text: string): Record<string, string> {
  const options: Record<string, string> = {};
  for (const [, key, value] of text.matchAll(/(?<![\w.-])([\w.-]+)=("[^"]*"|'[^']*'|[^\s,{}]*)/g)) set(options, key!, value!);
  return options;
}

function set(options: Record<string, string>, key: string, value: string): void {
  // A key such as "__proto__" must stay a key.
  Object.defineProperty(options, key, { value: unquote(value), enumerable: true, configurable: true, writable: true });
}

function unquote(value: string): string {
  const quoted = value.length > 1 && (value[0] === '"' || value[0] === "'") && value.at(-1) === value[0];
  return quoted ? value.slice(1, -1) : value;
}
