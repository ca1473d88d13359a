import { createHash } from 'node:crypto';
import type { DocumentView } from '@markco/core/contract/projects';
import type { DeviceView } from '@markco/core/device/device';
import { type Cell, parseCells } from '@markco/core/document/cells';
import { AppError } from '@markco/core/errors';
import type { CreateRunInput, RequestedTarget, RunView } from '@markco/core/run/run';
import { v7 } from 'uuid';
import { type CliContext, openContext } from '../context.ts';
import { findDocument } from './find-document.ts';
import { followRun } from './follow-run.ts';
import { runsOfCell } from './lists.ts';
import { PipedAnswers } from './piped-answers.ts';
import { readProjectConfig, sessionNameOf } from './session-name.ts';

export interface RunOptions {
  cell?: string;
  all?: boolean;
  above?: boolean;
  on?: string;
  again?: boolean;
  json?: boolean;
  session?: string;
}

const EXIT: Record<string, number> = { completed: 0, failed: 1, interrupted: 130, cancelled: 130, expired: 75 };

/** Runs cells of a document through the server and prints their output as it comes. The exit code says how it ended. */
export async function run(target: string, options: RunOptions): Promise<number> {
  const context = await openContext();
  const { document, text, mrmd } = await findDocument(context, target);
  const cells = chooseCells(parseCells(text), options);
  const place = await placeFor(context, document, cells.at(-1)!, options);
  const config = await readProjectConfig(context, mrmd);
  const requests = cells.map((cell) => toRequest(document, cell, options.session ?? sessionNameOf(config, text, cell.language), place));
  const started = await start(context, requests);
  const piped = process.stdin.isTTY ? undefined : new PipedAnswers(() => process.stdin);
  let worst = 0;
  for (const view of started) {
    const state = await followRun(context, view, { ...options, piped });
    worst = Math.max(worst, EXIT[state] ?? 1);
    if (state !== 'completed' && started.length > 1) context.say(`Stopped after cell ${(view.cellIndex ?? 0) + 1}.`);
    if (state !== 'completed') break;
  }
  return worst;
}

/** Cells as asked for: `--cell 2` (from 1), with `--above` also those before it, `--all`, or the only one there is. */
export function chooseCells(cells: readonly Cell[], options: Pick<RunOptions, 'cell' | 'all' | 'above'>): Cell[] {
  if (cells.length === 0) throw new AppError('bad_request', 'This document has no cells to run.');
  if (options.all) return [...cells];
  if (options.cell === undefined && cells.length === 1) return [cells[0]!];
  if (options.cell === undefined)
    throw new AppError(
      'bad_request',
      `This document has ${cells.length} cells. Name one with --cell N (1 to ${cells.length}), or add --all.`,
    );
  const cell = cells[Number(options.cell) - 1];
  if (!cell) throw new AppError('bad_request', `There is no cell ${options.cell}; this document has ${cells.length}, counted from 1.`);
  return options.above ? cells.slice(0, cell.index + 1) : [cell];
}

/** RU5: `--on NAME`: a device by its name (or the start of it, where only one fits), `cloud`, or `here` for this computer. */
export function chooseDevice(devices: readonly Pick<DeviceView, 'id' | 'name'>[], on: string, here: string | null): RequestedTarget {
  const wanted = on.trim().toLowerCase();
  if (wanted === 'cloud') return { kind: 'cloud' };
  if (wanted === 'here' && here) return { kind: 'device', deviceId: here };
  const exact = devices.filter(({ name }) => name.toLowerCase() === wanted);
  const found = exact.length > 0 ? exact : devices.filter(({ name }) => name.toLowerCase().startsWith(wanted));
  if (found.length === 1) return { kind: 'device', deviceId: found[0]!.id };
  const names = [...devices.map(({ name }) => name), 'cloud'].join(', ');
  throw new AppError(
    'bad_request',
    `${found.length > 1 ? `More than one device is called "${on}"` : `There is no device "${on}"`}. You have: ${names}.`,
  );
}

async function placeFor(context: CliContext, document: DocumentView, cell: Cell, options: RunOptions): Promise<RequestedTarget | null> {
  const { api, tokens } = context;
  if (options.on) {
    const devices = (await api.call('devices.list', undefined)).filter((device) => device.kind !== 'worker');
    return chooseDevice(devices, options.on, tokens.identity?.deviceId ?? null);
  }
  if (!options.again) return null;
  const last = runsOfCell(await api.call('runs.list', { documentId: document.id, limit: 200 }), cell).find(
    (each) => each.target.kind !== 'queue',
  );
  if (!last) throw new AppError('not_found', 'This cell has not run anywhere yet. Leave --again out.');
  return last.target.kind === 'queue' ? null : last.target;
}

function toRequest(document: DocumentView, cell: Cell, sessionName: string, target: RequestedTarget | null): CreateRunInput {
  return {
    runId: v7(),
    projectId: document.projectId,
    documentId: document.id,
    epoch: document.epoch,
    language: cell.language,
    code: cell.code,
    codeHash: createHash('sha256').update(cell.code).digest('hex'),
    cellIndex: cell.index,
    sessionName,
    ...(target && { target }),
  };
}

async function start({ api }: CliContext, requests: CreateRunInput[]): Promise<RunView[]> {
  if (requests.length === 1) return [await api.call('runs.create', requests[0]!)];
  return api.call('runs.createBatch', { batchId: v7(), runs: requests });
}
