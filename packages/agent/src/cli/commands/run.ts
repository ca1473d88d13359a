import { createHash } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { DocumentView } from '@markco/core/contract/projects';
import { type Cell, parseCells } from '@markco/core/document/cells';
import { AppError } from '@markco/core/errors';
import { parseDocPath } from '@markco/core/project/doc-path';
import { type CreateRunInput, isTerminal, type RunState, type RunView } from '@markco/core/run/run';
import type { RunEventBody } from '@markco/core/run/run-event';
import { v7 } from 'uuid';
import { type CliContext, openContext } from '../context.ts';

export interface RunOptions {
  cell?: string;
  all?: boolean;
  json?: boolean;
  session?: string;
}

const EXIT: Record<string, number> = { completed: 0, failed: 1, interrupted: 130, cancelled: 130, expired: 75 };

/** Runs cells of a document through the server and prints their output as it comes. The exit code says how it ended. */
export async function run(target: string, options: RunOptions): Promise<number> {
  const context = await openContext();
  const { document, text } = await findDocument(context, target);
  const cells = chooseCells(parseCells(text), options);
  const requests = cells.map((cell) => toRequest(document, cell, options));
  const started = await start(context, requests);
  let worst = 0;
  for (const view of started) {
    const state = await follow(context, view, options);
    worst = Math.max(worst, EXIT[state] ?? 1);
    if (state !== 'completed' && started.length > 1) context.say(`Stopped after cell ${(view.cellIndex ?? 0) + 1}.`);
    if (state !== 'completed') break;
  }
  return worst;
}

/** Cells as asked for: `--cell 2` (from 1), `--all`, or the only one there is. */
export function chooseCells(cells: readonly Cell[], options: Pick<RunOptions, 'cell' | 'all'>): Cell[] {
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
  return [cell];
}

function toRequest(document: DocumentView, cell: Cell, options: RunOptions): CreateRunInput {
  return {
    runId: v7(),
    projectId: document.projectId,
    documentId: document.id,
    epoch: document.epoch,
    language: cell.language,
    code: cell.code,
    codeHash: createHash('sha256').update(cell.code).digest('hex'),
    cellIndex: cell.index,
    ...(options.session && { sessionName: options.session }),
  };
}

async function start({ api }: CliContext, requests: CreateRunInput[]): Promise<RunView[]> {
  if (requests.length === 1) return [await api.call('runs.create', requests[0]!)];
  return api.call('runs.createBatch', { batchId: v7(), runs: requests });
}

/** Prints what the run says until it ends; a lost connection is taken up where it broke. Ctrl-C interrupts the run, twice leaves it. */
async function follow(context: CliContext, view: RunView, options: RunOptions): Promise<RunState> {
  const { api } = context;
  let latest = view;
  let after = 0;
  const printer = new Printer(context, options);
  const stop = onInterrupt(() => void api.call('runs.cancel', { runId: view.id, force: false }).catch(() => undefined));
  try {
    while (!isTerminal(latest.state) || after < latest.lastSeq) {
      const over = new AbortController();
      const onItem = (item: { type: 'event'; event: { seq: number; body: RunEventBody } } | { type: 'run'; run: RunView }) => {
        if (item.type === 'run') {
          latest = item.run;
          printer.run(latest);
        } else if (item.event.seq > after) {
          after = item.event.seq;
          printer.event(item.event.body, latest);
        }
        if (isTerminal(latest.state) && after >= latest.lastSeq) over.abort();
      };
      await api.watch('runs.watch', { runId: view.id, after }, onItem, over.signal).catch(async (error: unknown) => {
        if (!(error instanceof AppError) || error.code !== 'unavailable') throw error;
        await new Promise((resolve) => setTimeout(resolve, 1_000));
      });
      if (!over.signal.aborted) latest = await api.call('runs.get', { runId: view.id }).catch(() => latest);
    }
  } finally {
    stop();
  }
  printer.end(latest);
  return latest.state;
}

function onInterrupt(action: () => void): () => void {
  let asked = false;
  const listener = () => {
    if (asked) process.exit(130);
    asked = true;
    console.error('Interrupting… (Ctrl-C again leaves it running)');
    action();
  };
  process.on('SIGINT', listener);
  return () => process.off('SIGINT', listener);
}

class Printer {
  readonly #context: CliContext;
  readonly #json: boolean;
  #told = '';

  constructor(context: CliContext, options: RunOptions) {
    this.#context = context;
    this.#json = options.json === true;
  }

  run(view: RunView): void {
    if (this.#json || isTerminal(view.state) || !view.message || view.message === this.#told) return;
    this.#told = view.message;
    console.error(view.message);
  }

  event(body: RunEventBody, view: RunView): void {
    if (this.#json) this.#context.say(JSON.stringify({ runId: view.id, ...body }));
    else if (body.kind === 'stdout') process.stdout.write(body.text);
    else if (body.kind === 'stderr') process.stderr.write(body.text);
    else if (body.kind === 'display' || body.kind === 'result') this.#plain(body.data?.['text/plain']);
    else if (body.kind === 'asset') this.#context.say(`[${body.mimeType} ${body.path ?? body.name ?? body.assetId.slice(0, 12)}]`);
    else if (body.kind === 'error') console.error(body.traceback.length > 0 ? body.traceback.join('\n') : `${body.name}: ${body.message}`);
    else if (body.kind === 'note' || body.kind === 'warning') console.error(body.text);
    else if (body.kind === 'stdin_request') void this.#ask(body, view);
  }

  end(view: RunView): void {
    if (this.#json) {
      this.#context.say(JSON.stringify({ runId: view.id, state: view.state, ranOn: view.ranOn, message: view.message }));
      return;
    }
    const where = view.ranOn ? ` on ${view.ranOn}` : '';
    console.error(`${view.state}${where}${view.freshSession ? ' (fresh session)' : ''}${view.message ? `: ${view.message}` : ''}`);
  }

  #plain(text: unknown): void {
    if (typeof text === 'string') this.#context.say(text);
  }

  /** RU14: answered here where a person sits; a password is not echoed. */
  async #ask(body: Extract<RunEventBody, { kind: 'stdin_request' }>, view: RunView): Promise<void> {
    if (!process.stdin.isTTY) return console.error(`${body.prompt} (answer it on one of your devices)`);
    const output = body.password ? undefined : process.stdout;
    if (body.password) process.stdout.write(body.prompt);
    const reader = createInterface({ input: process.stdin, ...(output && { output }), terminal: true });
    const text = await reader.question(body.password ? '' : body.prompt);
    reader.close();
    await this.#context.api
      .call('runs.input', { runId: view.id, execId: body.execId, text })
      .catch((error: unknown) => console.error(String(error)));
  }
}

/** A file in a linked folder, or `project-slug/path.md` on the server. */
async function findDocument(context: CliContext, target: string): Promise<{ document: DocumentView; text: string }> {
  const file = await realpath(target).catch(() => null);
  const root = file && context.settings.folders.find((folder) => file.startsWith(folder.root + path.sep))?.root;
  if (file && !root) throw new AppError('bad_request', `${file} is in no linked folder. Link its folder with "markco link DIR".`);
  const projects = await context.api.call('projects.list', undefined);
  const [slug, ...rest] = target.split('/');
  const projectId = root ? await linkedProject(root) : projects.find((project) => project.slug === slug)?.id;
  const parsed = parseDocPath(file && root ? path.relative(root, file).split(path.sep).join('/') : rest.join('/'));
  if (!projectId || !parsed.ok) throw notThere(target);
  const list = await context.api.call('documents.list', { projectId });
  const found = list.find((document) => document.path === parsed.path);
  if (!found) throw notThere(target);
  return context.api.call('documents.get', { documentId: found.id });
}

async function linkedProject(root: string): Promise<string | null> {
  const text = await readFile(path.join(root, '.markco', 'project.json'), 'utf8').catch(() => '{}');
  return (JSON.parse(text) as { projectId?: string }).projectId ?? null;
}

const notThere = (target: string) =>
  new AppError(
    'not_found',
    `${target} was not found on the server. Name a file in a linked folder (the agent must have synced it) or "project/document.md".`,
  );
