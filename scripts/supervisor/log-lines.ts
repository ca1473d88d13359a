const COLOURS = [36, 35, 33, 32, 34];
const LEVELS: Record<number, string> = { 30: '', 40: 'warn ', 50: 'error ', 60: 'fatal ' };
const BORING = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'name', 'process', 'err']);

/** A pino line as a person reads it: time, level where it matters, message, the fields that say about whom. Other lines stay as they are. */
export function readable(line: string): string {
  if (!line.startsWith('{')) return line;
  try {
    const entry = JSON.parse(line) as Record<string, unknown> & {
      level?: number;
      time?: number;
      msg?: string;
      err?: { message?: string; stack?: string };
    };
    if (typeof entry.level !== 'number') return line;
    if (entry.level < 30) return '';
    const time = new Date(entry.time ?? Date.now()).toTimeString().slice(0, 8);
    const fields = Object.entries(entry)
      .filter(([key, value]) => !BORING.has(key) && value !== null && value !== undefined)
      .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
      .join(' ');
    const problem = entry.err?.message ? ` (${entry.err.message})` : '';
    return `${time} ${LEVELS[entry.level] ?? ''}${entry.msg ?? ''}${problem}${fields ? ` ${fields}` : ''}`;
  } catch {
    return line;
  }
}

/** Writes whole lines of a child with its name in front. Returns the function to feed chunks to. */
export function prefixLines(name: string, index: number, write: (text: string) => void): (chunk: string) => void {
  const label = process.stdout.isTTY ? `\u001b[${COLOURS[index % COLOURS.length]}m${name.padEnd(8)}\u001b[0m` : name.padEnd(8);
  const raw = process.env.MARKCO_LOG === 'json';
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const text = raw ? line : readable(line);
      if (text.trim() !== '') write(raw ? `${text}\n` : `${label} ${text}\n`);
    }
  };
}
