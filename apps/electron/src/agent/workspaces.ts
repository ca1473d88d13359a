import type { AgentParts } from '@markco/agent/agent';
import { LocalWorkspace, type WorkspacePush } from '@markco/agent/desktop/local-workspace';
import type { WindowIdentity } from '@markco/agent/desktop/workspace-view';
import type { Log } from '@markco/sync/log';
import type { z } from 'zod';
import { type WorkspaceMethod, workspaceMethods } from '../protocol/workspace-methods.ts';

type Inputs = { [M in WorkspaceMethod]: z.output<(typeof workspaceMethods)[M]['input']> };
type Ops = { [M in WorkspaceMethod]: (workspace: LocalWorkspace, input: Inputs[M]) => unknown };

const OPS: Ops = {
  openWorkspace: (workspace) => workspace.view(),
  documentTicket: (workspace, { documentId }) => workspace.ticket(documentId),
  createDocument: (workspace, { path, text }) => workspace.create(path, text),
  renameDocument: (workspace, { documentId, path }) => workspace.rename(documentId, path),
  deleteDocument: (workspace, { documentId }) => workspace.remove(documentId),
  restoreDocument: (workspace, { documentId }) => workspace.restore(documentId),
  decideRemoval: (workspace, { answer }) => workspace.decideRemoval(answer),
  startRuns: (workspace, { runs }) => workspace.startRuns(runs),
  listRuns: (workspace, { documentId }) => workspace.runsOf(documentId),
  readRun: (workspace, { runId, after }) => workspace.readRun(runId, after),
  cancelRun: (workspace, { runId, force }) => workspace.cancel(runId, force),
  answerInput: (workspace, { runId, execId, text }) => workspace.answer(runId, execId, text),
  introspect: (workspace, { language, sessionName, op, body }) => workspace.introspect({ language, sessionName, op, body }),
  sessionOp: (workspace, { language, sessionName, op }) => workspace.sessionOp({ language, sessionName, op }),
  readAsset: (workspace, { documentId, assetId, path }) => workspace.asset({ documentId, assetId, path }),
};

export interface WorkspacesOptions {
  parts: () => AgentParts;
  identity: () => WindowIdentity;
  deviceName: string;
  log: Log;
  onPush: (root: string, push: WorkspacePush) => void;
  trash?: (file: string) => Promise<void>;
}

/** The folders the window has looked into (EL3), each opened once. */
export class Workspaces {
  readonly #o: WorkspacesOptions;
  readonly #open = new Map<string, Promise<LocalWorkspace>>();

  constructor(options: WorkspacesOptions) {
    this.#o = options;
  }

  /** Checks the input once more: main is another process. Rejects with words for the person. */
  async call(method: WorkspaceMethod, raw: unknown): Promise<unknown> {
    const input = workspaceMethods[method].input.parse(raw);
    const workspace = await this.#get(input.root);
    return (OPS[method] as (workspace: LocalWorkspace, input: unknown) => unknown)(workspace, input);
  }

  /** Something about the agent changed. Folders that are not linked any more are closed. */
  refresh(): void {
    for (const [root, opening] of this.#open) {
      if (this.#o.parts().folders.get(root)) void opening.then((workspace) => workspace.refresh());
      else this.#close(root);
    }
  }

  closeAll(): void {
    for (const root of [...this.#open.keys()]) this.#close(root);
  }

  #get(root: string): Promise<LocalWorkspace> {
    const known = this.#open.get(root);
    if (known) return known;
    const { parts, identity, deviceName, log, onPush, trash } = this.#o;
    const opening = LocalWorkspace.open({
      ...{ root, parts: parts(), identity, deviceName, log, onPush: (push) => onPush(root, push) },
      ...(trash && { trash }),
    });
    this.#open.set(root, opening);
    opening.catch(() => this.#open.delete(root));
    return opening;
  }

  #close(root: string): void {
    const opening = this.#open.get(root);
    this.#open.delete(root);
    void opening?.then((workspace) => workspace.close()).catch(() => undefined);
  }
}
