import type { Cell } from '@markco/core/document/cells';
import { frontMatterEnd } from '@markco/core/document/front-matter-range';
import type { ProjectConfig } from '@markco/core/project/mrmd-config';
import type { CreateRunInput, RequestedTarget } from '@markco/core/run/run';
import * as Y from 'yjs';

/** What building a request needs from its surroundings. */
export type RunContext = {
  doc: Y.Doc;
  projectId: string;
  documentId: string;
  epoch: string;
  target: RequestedTarget | null;
  newId(): string;
};

/** What was shown when the person tapped: read in one go, before anything waits. */
export type RunDraft = Omit<CreateRunInput, 'codeHash' | 'sessionName'> & { frontMatter: string };

/** RU3: what runs, as it is shown now; more than one cell makes a batch in order (RU4). */
export function draftRuns(context: RunContext, text: string, cells: readonly Cell[]): RunDraft[] {
  const ytext = context.doc.getText('content');
  const stateVector = toBase64(Y.encodeStateVector(context.doc));
  const frontMatter = text.slice(0, frontMatterEnd(text));
  const batchId = cells.length > 1 ? context.newId() : undefined;
  return cells.map((cell, ordinal) => ({
    runId: context.newId(),
    projectId: context.projectId,
    documentId: context.documentId,
    epoch: context.epoch,
    code: cell.code,
    language: cell.language,
    cellIndex: cell.index,
    anchor: encodeAnchor(ytext, cell.codeEnd),
    ...(stateVector.length <= 20_000 && { stateVector }),
    frontMatter,
    ...(batchId && { batchId, ordinal }),
    ...(context.target && { target: context.target }),
  }));
}

/** The whole requests: drafts with the hash of their code and the runtime session that the document names (RU3). */
export function completeDrafts(
  drafts: readonly RunDraft[],
  sha256: (text: string) => Promise<string>,
  config: ProjectConfig | null,
): Promise<CreateRunInput[]> {
  return Promise.all(
    drafts.map(async ({ frontMatter, ...draft }) => ({
      ...draft,
      sessionName: await sessionNameOf(frontMatter, draft.language, config),
      codeHash: await sha256(draft.code),
    })),
  );
}

/** The YAML parser loads with the first run, not with the page (WB9). */
async function sessionNameOf(frontMatter: string, language: string, config: ProjectConfig | null): Promise<string> {
  const [{ readFrontMatter }, { effectiveSession, parseMrmdConfig }] = await Promise.all([
    import('@markco/core/document/front-matter'),
    import('@markco/core/project/mrmd-config'),
  ]);
  return effectiveSession(config ?? parseMrmdConfig('').config, readFrontMatter(frontMatter).data, language).name;
}

/** RU3: base64 of a Yjs relative position that sticks to the start of the closing fence. */
export function encodeAnchor(ytext: Y.Text, offset: number): string {
  return toBase64(Y.encodeRelativePosition(Y.createRelativePositionFromTypeIndex(ytext, offset)));
}

/** Where an anchor points now, in UTF-16 units, or null when its place is gone. */
export function decodeAnchor(doc: Y.Doc, anchor: string): number | null {
  try {
    const relative = Y.decodeRelativePosition(fromBase64(anchor));
    const absolute = Y.createAbsolutePositionFromRelativePosition(relative, doc);
    return absolute?.type === doc.getText('content') ? absolute.index : null;
  } catch {
    return null;
  }
}

function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let i = 0; i < bytes.length; i += 0x8000) binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(binary);
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
