import { createHash } from 'node:crypto';
import type { Principal } from '@markco/api/auth/principal';
import { answerInput } from '@markco/api/run-engine/answer-input';
import { cancelRun } from '@markco/api/run-engine/cancel-run';
import { createBatch } from '@markco/api/run-engine/create-batch';
import { createRun } from '@markco/api/run-engine/create-run';
import { decideWaiting } from '@markco/api/run-engine/decide-waiting';
import { sessionOp } from '@markco/api/run-engine/session-op';
import { AppError } from '@markco/core/errors';
import { createRunInput, type RequestedTarget, type RunRequest } from '@markco/core/run/run';
import type { TestProject } from '../run-factories.ts';
import type { CellPlan } from './day-book.ts';
import { DayWatcher } from './day-watcher.ts';
import type { SimServer } from './sim-server.ts';

/** A run as the person who tapped knows it. */
export interface DayRun {
  readonly request: RunRequest;
  readonly plan: CellPlan;
  /** The runs it was sent with, itself among them; null where it is no part of a batch. */
  readonly batch: { readonly id: string; readonly requests: RunRequest[] } | null;
  /** `unknown`: no answer came, or one that says nothing about the run; it is sent again. */
  known: 'unknown' | 'made' | 'refused';
  wasHeld: boolean;
}

/** Answers of the product that are no fault: what was asked for came too late or there was nothing to do. */
const EXPECTED = new Set(['conflict', 'unavailable', 'timeout', 'limit_reached', 'illegal_transition', 'not_found']);

/** Somebody with a phone: taps, taps again, cancels, answers, decides and watches, over whatever web process is there. */
export class DayPerson {
  readonly runs: DayRun[] = [];
  readonly watchers: DayWatcher[] = [];
  readonly faults: string[] = [];
  readonly #principal: Principal;
  readonly #project: TestProject;
  readonly #server: () => SimServer | null;
  #tags = 0;

  readonly #newId: () => string;

  constructor(principal: Principal, project: TestProject, server: () => SimServer | null, newId: () => string) {
    this.#newId = newId;
    this.#principal = principal;
    this.#project = project;
    this.#server = server;
  }

  tap(plans: readonly Omit<CellPlan, 'tag'>[], sessionName: string, target?: RequestedTarget): DayRun[] {
    const made = plans.map((drawn) => {
      const plan = { tag: `cell-${++this.#tags}`, ...drawn };
      return { plan, request: this.#request(plan, sessionName, target) };
    });
    const batch = made.length > 1 ? { id: this.#newId(), requests: made.map(({ request }) => request) } : null;
    const runs = made.map(({ plan, request }) => ({ plan, request, batch, known: 'unknown' as const, wasHeld: false }));
    this.runs.push(...runs);
    this.send(runs[0]!);
    return runs;
  }

  /** Sends the request, or sends it again: the same id and body (RU2). */
  send(run: DayRun): void {
    const siblings = run.batch ? this.runs.filter(({ batch }) => batch?.id === run.batch!.id) : [run];
    this.#ask(
      (server) =>
        server.call(async (resources) => {
          const views = run.batch
            ? await createBatch(resources, this.#principal, run.batch.id, run.batch.requests)
            : [await createRun(resources, this.#principal, run.request)];
          if (views.some((view, i) => view.id !== siblings[i]!.request.runId)) this.faults.push('RU2: another run was answered');
          for (const sibling of siblings) sibling.known = 'made';
        }),
      (code) => {
        if (code === 'limit_reached') for (const sibling of siblings) if (sibling.known === 'unknown') sibling.known = 'refused';
      },
    );
  }

  cancel(run: DayRun, force: boolean): void {
    this.#ask((server) => server.call((resources) => cancelRun(resources, this.#principal, run.request.runId, force)));
  }

  answer(run: DayRun, execId: string, text: string): void {
    const input = { runId: run.request.runId, execId, text };
    this.#ask((server) => server.call((resources) => answerInput(resources, this.#principal, input)));
  }

  decide(runs: readonly DayRun[], decision: 'run' | 'discard'): void {
    const ids = runs.map(({ request }) => request.runId);
    this.#ask((server) => server.call((resources) => decideWaiting(resources, this.#principal, ids, decision)));
  }

  restartSession(sessionName: string, op: 'restart' | 'reset'): void {
    const { projectId } = this.#project;
    this.#ask((server) =>
      server.call((resources) => sessionOp(resources, this.#principal, { projectId, language: 'python', sessionName, op })),
    );
  }

  /** Another page, or the same one again, shows the run. */
  watch(run: DayRun, again: boolean): void {
    const server = this.#server();
    if (run.known !== 'made' || !server) return;
    const known = again ? this.watchers.find(({ runId, ended }) => runId === run.request.runId && !ended) : undefined;
    const watcher = known ?? new DayWatcher(run.request.runId);
    if (!known) this.watchers.push(watcher);
    watcher.watch(server, this.#principal);
  }

  /** Every page that still waits looks again, and a new one shows each run from its beginning. */
  watchAll(): void {
    const server = this.#server();
    if (!server) return;
    for (const watcher of this.watchers) if (!watcher.ended) watcher.watch(server, this.#principal);
    for (const run of this.runs) this.watch(run, false);
  }

  #ask(work: (server: SimServer) => Promise<unknown>, refused: (code: string) => void = () => {}): void {
    const server = this.#server();
    if (!server) return;
    work(server).catch((error: unknown) => {
      if (server.machine.dead) return;
      if (!(error instanceof AppError) || !EXPECTED.has(error.code)) this.faults.push(`the product answered ${error}`);
      else refused(error.code);
    });
  }

  #request(plan: CellPlan, sessionName: string, target?: RequestedTarget): RunRequest {
    const { projectId, documentId, epoch } = this.#project;
    const code = JSON.stringify(plan);
    const codeHash = createHash('sha256').update(code).digest('hex');
    return createRunInput.parse({
      ...{ runId: this.#newId(), projectId, documentId, epoch, language: 'python', code, codeHash, sessionName },
      ...(target && { target }),
    });
  }
}
