import { isTerminal } from '@markco/core/run/is-terminal';
import { outputBody } from '@markco/core/run/output-body';
import type { RunView } from '@markco/core/run/run';
import type { RunEventBody } from '@markco/core/run/run-event';
import { type Provenance, writeOutput } from '@markco/sync/client/write-output';
import type { Log } from '@markco/sync/log';
import type { Relay } from '@markco/sync/relay/relay';
import { reason } from '../log.ts';

/** RU20: at most this often while a run goes on, in ms. */
const EVERY_MS = 2_000;

export interface OutputSource {
  view(): RunView;
  anchor: string | null;
  bodies(): RunEventBody[];
}

/** RU20: the one committer of a local run: writes its output through the local relay, at most every 2 s and once at the end. */
export class OutputCommitter {
  readonly #rooms: Pick<Relay, 'open'>;
  readonly #source: OutputSource;
  readonly #log: Log;
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(rooms: Pick<Relay, 'open'>, source: OutputSource, log: Log) {
    this.#rooms = rooms;
    this.#source = source;
    this.#log = log;
  }

  /** There is something new. */
  changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#write();
    }, EVERY_MS);
  }

  /** Writes what the run said in the end; resolves when it is durable, or when the document is gone. */
  async finish(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#write();
    await this.#writing;
  }

  #write(): void {
    this.#writing = this.#writing
      .then(() => this.#commit())
      .catch((error: unknown) => {
        this.#log.warn({ run_id: this.#source.view().id, reason: reason(error) }, 'the output could not be written into its document');
      });
  }

  async #commit(): Promise<void> {
    const run = this.#source.view();
    const room = await this.#rooms.open(run.documentId);
    try {
      const place = { runId: run.id, code: run.code, anchor: this.#source.anchor, cellIndex: run.cellIndex };
      const body = outputBody(this.#source.bodies(), room.ref.path);
      const written = writeOutput(room.doc, place, body, provenanceOf(run), isTerminal(run.state));
      if (written === 'written') await room.flushed();
    } finally {
      room.release();
    }
  }
}

function provenanceOf({ state, ranOn, reason: why, freshSession, startedAt, endedAt }: RunView): Provenance {
  const durationMs = startedAt && endedAt ? endedAt.getTime() - startedAt.getTime() : null;
  return { state, ranOn, reason: why, freshSession, durationMs, endedAt: endedAt?.toISOString() ?? null };
}
