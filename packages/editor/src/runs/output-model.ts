import { displayControl, isOutput } from '@markco/core/run/display-control';
import type { RunEvent, RunEventBody, WatchedEvent } from '@markco/core/run/run-event';
import { chooseMime } from './mime-choice.ts';
import { appendTerminal, emptyTerminal, skipLines, type TerminalText } from './terminal-text.ts';

type Of<K extends RunEventBody['kind']> = Extract<RunEventBody, { kind: K }>;

/** One thing below a cell, in the order it came. `id` is the seq of its first event and stays the same while it grows. */
export type OutputBlock =
  | { kind: 'stream'; id: number; name: 'stdout' | 'stderr'; text: TerminalText }
  | { kind: 'display'; id: number; name?: string; data: Record<string, unknown>; metadata: Record<string, unknown> }
  | { kind: 'asset'; id: number; name?: string; asset: Of<'asset'> }
  | { kind: 'error'; id: number; error: Of<'error'> }
  | { kind: 'note'; id: number; tone: 'note' | 'warning'; text: string }
  | { kind: 'answered'; id: number; prompt: string; by: string | null; shown: string | null };

/** Everything known of a run's output. `lastSeq`: the newest event in it; `limited`: displays beyond the limit were left out. */
export type OutputModel = {
  lastSeq: number;
  blocks: OutputBlock[];
  awaiting: { prompt: string; password: boolean; execId: string } | null;
  ended: Of<'ended'> | null;
  startedAt: number | null;
  limited: number;
  /** `clear_output(wait=True)`: what stands goes when the next output comes. */
  clearing?: boolean;
};

/** Displays and errors drawn below one cell at most; the full log has them all. */
export const MAX_BLOCKS = 200;

/** A run that has not said anything yet. */
export const emptyOutput = (): OutputModel => ({ lastSeq: 0, blocks: [], awaiting: null, ended: null, startedAt: null, limited: 0 });

/** RU17: folds events into the model; events it has already seen are dropped, so a backlog may overlap. Returns a new model. */
export function reduceOutput(before: OutputModel, events: readonly RunEvent[]): OutputModel {
  return reduceWatched(
    before,
    events.map((event) => ({ type: 'event', event })),
  );
}

/** {@link reduceOutput} of what an abridged watch sends: lines that were left out are counted. */
export function reduceWatched(before: OutputModel, items: readonly WatchedEvent[]): OutputModel {
  let model = before;
  for (let from = 0; from < items.length; ) {
    // Nothing is joined over a gap.
    const gap = items.findIndex((item, i) => i > from && item.skippedLines !== undefined);
    const until = gap < 0 ? items.length : gap;
    const events = items.slice(from, until).map((item) => item.event);
    model = foldEvents(model.lastSeq < events[0]!.seq ? skipIn(model, items[from]!) : model, events);
    from = until;
  }
  return model;
}

/** What stands of the stream goes on above the gap, as lines that are only counted. */
function skipIn(model: OutputModel, { event, skippedLines }: WatchedEvent): OutputModel {
  const { kind } = event.body;
  if (skippedLines === undefined || (kind !== 'stdout' && kind !== 'stderr')) return model;
  const last = model.blocks.at(-1);
  const continues = last?.kind === 'stream' && last.name === kind;
  const text = skipLines(continues ? last.text : emptyTerminal(), skippedLines);
  const block: OutputBlock = { kind: 'stream', id: continues ? last.id : event.seq, name: kind, text };
  return { ...model, blocks: [...(continues ? model.blocks.slice(0, -1) : model.blocks), block] };
}

function foldEvents(before: OutputModel, events: readonly RunEvent[]): OutputModel {
  const next: OutputModel = { ...before, blocks: before.blocks.slice() };
  for (const event of mergeStreams(events, before.lastSeq)) applyEvent(next, event);
  next.lastSeq = events.reduce((last, event) => Math.max(last, event.seq), before.lastSeq);
  return next;
}

/** Neighbouring pieces of the same stream become one event with the first one's seq, so that a burst costs one pass. */
function mergeStreams(events: readonly RunEvent[], after: number): RunEvent[] {
  const merged: RunEvent[] = [];
  let pieces: string[] = [];
  let last = after;
  for (const event of events) {
    if (event.seq <= last) continue;
    last = event.seq;
    const previous = merged.at(-1);
    const { body } = event;
    if ((body.kind === 'stdout' || body.kind === 'stderr') && previous?.body.kind === body.kind) {
      pieces.push(body.text);
      continue;
    }
    closePieces(merged, pieces);
    pieces = body.kind === 'stdout' || body.kind === 'stderr' ? [body.text] : [];
    merged.push(event);
  }
  closePieces(merged, pieces);
  return merged;
}

function closePieces(merged: RunEvent[], pieces: string[]): void {
  const last = merged.at(-1);
  if (!last || pieces.length < 2 || (last.body.kind !== 'stdout' && last.body.kind !== 'stderr')) return;
  merged[merged.length - 1] = { ...last, body: { ...last.body, text: pieces.join('') } };
}

function applyEvent(model: OutputModel, event: RunEvent): void {
  const { body, seq } = event;
  const { clear, id, update } = displayControl(body);
  if (clear === 'next') model.clearing = true;
  if (clear === 'now' || (model.clearing && clear === null && isOutput(body))) clearOutput(model);
  if (clear !== null) return;
  switch (body.kind) {
    case 'started':
      model.startedAt = event.at;
      return;
    case 'stdout':
    case 'stderr':
      appendStream(model, seq, body.kind, body.text);
      return;
    case 'display':
      place(model, { kind: 'display', id: seq, ...(id && { name: id }), data: body.data, metadata: body.metadata ?? {} }, update);
      return;
    case 'result':
      if (body.data && Object.keys(body.data).length > 0) push(model, { kind: 'display', id: seq, data: body.data, metadata: {} });
      return;
    case 'asset':
      place(model, { kind: 'asset', id: seq, ...(id && { name: id }), asset: body }, update);
      return;
    case 'stdin_request':
      model.awaiting = { prompt: body.prompt, password: body.password, execId: body.execId };
      return;
    case 'stdin_answered':
      push(model, { kind: 'answered', id: seq, prompt: model.awaiting?.prompt ?? '', by: body.by ?? null, shown: body.shown ?? null });
      model.awaiting = null;
      return;
    case 'error':
      push(model, { kind: 'error', id: seq, error: body });
      return;
    case 'note':
    case 'warning':
      push(model, { kind: 'note', id: seq, tone: body.kind, text: body.text });
      return;
    case 'ended':
      model.ended = body;
      model.awaiting = null;
  }
}

/** WB6: outputs go, notes stay. */
function clearOutput(model: OutputModel): void {
  model.blocks = model.blocks.filter((block) => block.kind === 'note');
  model.limited = 0;
  delete model.clearing;
}

/** Mime types that say more than the picture of them. */
const BEYOND_IMAGES = new Set(['text/html', 'text/markdown', 'text/latex']);

/** Adds what is shown, or puts it in the place of what it updates or is another form of (RU19). */
function place(model: OutputModel, block: Extract<OutputBlock, { kind: 'display' | 'asset' }>, update: boolean): void {
  const picture = block.kind === 'display' ? block.metadata.alternativeOf : undefined;
  const at = model.blocks.findLastIndex((each) =>
    picture ? each.kind === 'asset' && each.asset.assetId === picture : update && 'name' in each && each.name === block.name,
  );
  const before = model.blocks[at];
  if (!before) {
    push(model, block);
    return;
  }
  if (picture && block.kind === 'display' && !BEYOND_IMAGES.has(chooseMime(block.data)?.mime ?? '')) return;
  model.blocks[at] = { ...block, id: before.id };
}

function push(model: OutputModel, block: OutputBlock): void {
  if (model.blocks.length >= MAX_BLOCKS && block.kind !== 'error') model.limited += 1;
  else model.blocks.push(block);
}

function appendStream(model: OutputModel, seq: number, name: 'stdout' | 'stderr', text: string): void {
  const last = model.blocks.at(-1);
  if (last?.kind === 'stream' && last.name === name) {
    model.blocks[model.blocks.length - 1] = { ...last, text: appendTerminal(last.text, text) };
    return;
  }
  push(model, { kind: 'stream', id: seq, name, text: appendTerminal(emptyTerminal(), text) });
}
