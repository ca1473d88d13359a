import { createInterface } from 'node:readline/promises';
import { AppError } from '@markco/core/errors';
import { isTerminal, type RunState, type RunView } from '@markco/core/run/run';
import type { RunEventBody } from '@markco/core/run/run-event';
import type { CliContext } from '../context.ts';
import type { PipedAnswers } from './piped-answers.ts';

interface FollowOptions {
  json?: boolean;
  onlyLook?: boolean;
  /** RU14: what answers questions where nobody sits at this terminal. */
  piped?: PipedAnswers | undefined;
}

/** Prints what the run says until it ends; a lost connection is taken up where it broke. Ctrl-C interrupts the run, twice leaves it; with `onlyLook` it leaves it. */
export async function followRun(context: CliContext, view: RunView, options: FollowOptions): Promise<RunState> {
  const { api } = context;
  let latest = view;
  let after = 0;
  const printer = new Printer(context, options);
  const stop = options.onlyLook
    ? () => {}
    : onInterrupt(() => void api.call('runs.cancel', { runId: view.id, force: false }).catch(() => undefined));
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

/** How a run ended and where it ran; RU6: and why it went to the cloud by itself, where its own words do not say so. */
export function endingLines(view: RunView): string[] {
  const where = view.ranOn ? ` on ${view.ranOn}` : '';
  const ending = `${view.state}${where}${view.freshSession ? ' (fresh session)' : ''}${view.message ? `: ${view.message}` : ''}`;
  return view.why && !view.message && view.reason.startsWith('fallback_') ? [ending, view.why] : [ending];
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
  readonly #piped: PipedAnswers | undefined;
  #told = '';

  constructor(context: CliContext, options: FollowOptions) {
    this.#context = context;
    this.#piped = options.piped;
    this.#json = options.json === true;
  }

  run(view: RunView): void {
    if (this.#json || isTerminal(view.state) || !view.message || view.message === this.#told) return;
    this.#told = view.message;
    console.error(view.message);
  }

  event(body: RunEventBody, view: RunView): void {
    if (body.kind === 'stdin_request' && this.#piped) void this.#piped.answer(this.#context, view.id, body);
    if (this.#json) this.#context.say(JSON.stringify({ runId: view.id, ...body }));
    else if (body.kind === 'stdout') process.stdout.write(body.text);
    else if (body.kind === 'stderr') process.stderr.write(body.text);
    else if (body.kind === 'display' || body.kind === 'result') this.#plain(body.data?.['text/plain']);
    else if (body.kind === 'asset') this.#context.say(`[${body.mimeType} ${body.path ?? body.name ?? body.assetId.slice(0, 12)}]`);
    else if (body.kind === 'error') console.error(body.traceback.length > 0 ? body.traceback.join('\n') : `${body.name}: ${body.message}`);
    else if (body.kind === 'note' || body.kind === 'warning') console.error(body.text);
    else if (body.kind === 'stdin_request' && !this.#piped) void this.#ask(body, view);
  }

  end(view: RunView): void {
    if (this.#json) {
      this.#context.say(JSON.stringify({ runId: view.id, state: view.state, ranOn: view.ranOn, message: view.message }));
      return;
    }
    for (const line of endingLines(view)) console.error(line);
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
