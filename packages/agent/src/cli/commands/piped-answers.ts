import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { AppError } from '@markco/core/errors';
import type { RunEventBody } from '@markco/core/run/run-event';
import type { CliContext } from '../context.ts';

type Question = Extract<RunEventBody, { kind: 'stdin_request' }>;

/** How long to wait before an answer is sent again over a connection that broke, in ms. */
const AGAIN_MS = 1_000;

/**
 * RU14: the lines of `echo Ann | markco run …` answer what the code asks, one line a question, passwords too; they are neither shown nor
 * logged. Nothing is read before something asks. Behind the last line the code reads the end of its input.
 */
export class PipedAnswers {
  readonly #open: () => Readable;
  readonly #back: string[] = [];
  #lines: AsyncIterator<string> | null = null;
  #turn: Promise<void> = Promise.resolve();

  /** @param open the standard input, asked for with the first question */
  constructor(open: () => Readable) {
    this.#open = open;
  }

  /** Answers a question with the next line; questions have their turns. Never rejects: what goes wrong is said on stderr. */
  answer(context: CliContext, runId: string, question: Question): Promise<void> {
    this.#turn = this.#turn
      .then(() => this.#answer(context, runId, question))
      .catch((error: unknown) => console.error(error instanceof AppError ? error.userMessage : String(error)));
    return this.#turn;
  }

  async #answer(context: CliContext, runId: string, { prompt, execId }: Question): Promise<void> {
    const line = await this.#next();
    console.error(line === null ? `${prompt} (nothing is left on the standard input, so the code reads its end)` : prompt);
    const send = (answer: { text: string; end?: boolean }) => sendAnswer(context, { runId, execId, ...answer });
    if (line === null) return void (await send({ text: '', end: true }));
    try {
      if ((await send({ text: line })) === 'another was first') this.#back.push(line);
    } catch (error) {
      // Refused as it is: without an answer the code would wait for ever.
      await send({ text: '', end: true });
      throw error;
    }
  }

  async #next(): Promise<string | null> {
    const kept = this.#back.pop();
    if (kept !== undefined) return kept;
    this.#lines ??= createInterface({ input: this.#open(), crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
    const next = await this.#lines.next();
    return next.done ? null : next.value;
  }
}

interface Input {
  runId: string;
  execId: string;
  text: string;
  end?: boolean;
}

/** Sends it until somebody takes it. A conflict behind a lost answer of the server may be our own one, which arrived. */
async function sendAnswer({ api }: CliContext, input: Input): Promise<'given' | 'another was first'> {
  for (let tries = 1; ; tries++) {
    try {
      await api.call('runs.input', input);
      return 'given';
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (error.code === 'conflict') return tries === 1 ? 'another was first' : 'given';
      if (error.code !== 'unavailable' && error.code !== 'timeout') throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}
