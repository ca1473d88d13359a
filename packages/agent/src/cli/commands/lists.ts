import { type Cell, parseCells } from '@markco/core/document/cells';
import { AppError } from '@markco/core/errors';
import { formatDuration } from '@markco/core/run/duration-words';
import type { RunView } from '@markco/core/run/run';
import { openContext } from '../context.ts';
import { findDocument } from './find-document.ts';

/** The person's devices and what they can run. */
export async function devices(options: { json?: boolean }): Promise<void> {
  const { api, say, tokens } = await openContext();
  const list = await api.call('devices.list', undefined);
  if (options.json) return say(JSON.stringify(list));
  if (list.length === 0) say('No devices are signed in.');
  for (const device of list) {
    const languages = [...new Set(device.runtimes.map((runtime) => runtime.language))].join(', ') || 'nothing';
    const here = device.id === tokens.identity?.deviceId ? ' (this one)' : '';
    say(
      `${device.presence.padEnd(8)} ${device.name}${here}: ${device.platform}, runs ${languages}${device.allowRuns ? '' : ', runs switched off'}`,
    );
  }
}

export interface RunsOptions {
  json?: boolean;
  limit?: string;
  doc?: string;
  cell?: string;
}

/** The newest runs; with `doc` those of a document, with `cell` (from 1) those of one of its cells. */
export async function runs(options: RunsOptions): Promise<void> {
  const context = await openContext();
  const { api, say } = context;
  const limit = Math.min(200, Math.max(1, Number(options.limit ?? 20) || 20));
  if (options.cell !== undefined && options.doc === undefined)
    throw new AppError('bad_request', 'Name the document of the cell with --doc DOC.');
  const found = options.doc === undefined ? null : await findDocument(context, options.doc);
  const cell = found && options.cell !== undefined ? chosenCell(found.text, options.cell) : null;
  const all = await api.call('runs.list', { limit: cell ? 200 : limit, ...(found && { documentId: found.document.id }) });
  const list = (cell ? runsOfCell(all, cell) : all).slice(0, limit);
  if (options.json) return say(JSON.stringify(list));
  if (list.length === 0) say(found ? 'Nothing has run there yet.' : 'There are no runs yet.');
  for (const run of list) say(describeRun(run));
}

/** The runs of a cell as it is now: at its place, or of its very code. */
export function runsOfCell(list: readonly RunView[], cell: Pick<Cell, 'index' | 'code' | 'language'>): RunView[] {
  return list.filter((run) => run.language === cell.language && (run.cellIndex === cell.index || run.code === cell.code));
}

function chosenCell(text: string, number: string): Cell {
  const cells = parseCells(text);
  const cell = cells[Number(number) - 1];
  if (!cell) throw new AppError('bad_request', `There is no cell ${number}; this document has ${cells.length}, counted from 1.`);
  return cell;
}

/** One line about a run: the end of its id, when, how it ended, what and where. */
export function describeRun(run: RunView): string {
  const at = run.createdAt.toISOString().slice(0, 16).replace('T', ' ');
  const where = run.ranOn ? ` on ${run.ranOn}` : '';
  const cell = run.cellIndex === null ? '' : ` cell ${run.cellIndex + 1}`;
  const took = run.startedAt && run.endedAt ? ` in ${formatDuration(Number(run.endedAt) - Number(run.startedAt))}` : '';
  return `${run.id.slice(-8)}  ${at}  ${run.state.padEnd(11)} ${run.projectSlug}/${run.docPath}${cell}${where}${took}${run.message ? `: ${run.message}` : ''}`;
}
