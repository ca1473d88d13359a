import { cpus, loadavg } from 'node:os';

/** Where and when a table was measured: figures of two machines do not compare. */
export const machine = (): string => {
  const all = cpus();
  const load = loadavg()[0]!.toFixed(1);
  return `${new Date().toISOString().slice(0, 10)}, ${all[0]?.model.trim() ?? process.arch}, ${all.length} cores, Node ${process.version}, load ${load} at the end`;
};

/** Prints a heading, the machine and a table in markdown. */
export function printTable(title: string, head: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  console.log([`\n### ${title}`, '', `${machine()}.`, '', line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n'));
}
