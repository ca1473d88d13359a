import { MAX_EVENT_BYTES, type RunEventBody } from '@markco/core/run/run-event';
import type { AssetKeeper } from './asset-keeper.ts';

type Bundle = Record<string, unknown>;

/** Images by how well they stand in a document; the first there is becomes the asset. */
const IMAGES = ['image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/svg+xml'];
/** A value over this becomes an asset, so that a whole bundle stays below the limit of one event (RU18). */
const MAX_VALUE_BYTES = MAX_EVENT_BYTES / 4;

/**
 * RU19: a mime bundle as events. An image becomes an asset whose `alt` is the `text/plain`; further variants follow in a display
 * whose metadata says which asset it is another form of. Values too large for an event become assets as well. What the metadata says of
 * clearing and updating (core's display-control) is passed on.
 */
export async function displayEvents(data: Bundle, metadata: Bundle, keeper: AssetKeeper): Promise<RunEventBody[]> {
  if (metadata.clear_output === true)
    return [{ kind: 'display', data: {}, metadata: { clear_output: true, wait: metadata.wait === true } }];
  const { display_id: id, update, more, ...hints } = metadata;
  const events = await partsOf(data, hints, keeper);
  return typeof id === 'string' && id !== ''
    ? withName(events, { id: id.slice(0, 200), update: update === true, more: more === true })
    : events;
}

/** RU20: the first part says what becomes of the display that has this name, the others belong to it. */
export function withName(events: RunEventBody[], name: { id: string; update: boolean; more: boolean }): RunEventBody[] {
  let how: { update?: boolean; more?: boolean } = name.more ? { more: true } : name.update ? { update: true } : {};
  return events.map((event) => {
    if (event.kind !== 'display' && event.kind !== 'asset') return event;
    const control = how;
    how = { more: true };
    if (event.kind === 'asset') return { ...event, displayId: name.id, ...control };
    return { ...event, metadata: { ...event.metadata, display_id: name.id, ...control } };
  });
}

async function partsOf(data: Bundle, metadata: Bundle, keeper: AssetKeeper): Promise<RunEventBody[]> {
  const rest: Bundle = { ...data };
  const events: RunEventBody[] = [];
  const plain = textOf(rest['text/plain']);
  let assetId: string | undefined;
  for (const mimeType of IMAGES.filter((mime) => mime in rest)) {
    const bytes = imageBytes(mimeType, rest[mimeType]);
    if (!bytes || assetId) continue;
    delete rest[mimeType];
    const asset = await keeper.keep(bytes, mimeType, { alt: plain });
    events.push(asset ?? overLimit(bytes.length));
    assetId = asset?.assetId;
  }
  await moveLargeValues(rest, keeper, events);
  const variants = Object.keys(rest).filter((mime) => !assetId || mime !== 'text/plain');
  if (variants.length === 0) return events;
  return [...events, { kind: 'display', data: rest, metadata: { ...fitting(metadata), ...(assetId && { alternativeOf: assetId }) } }];
}

async function moveLargeValues(rest: Bundle, keeper: AssetKeeper, events: RunEventBody[]): Promise<void> {
  let room = MAX_EVENT_BYTES - 16 * 1024;
  for (const [mimeType, value] of Object.entries(rest)) {
    const size = jsonBytes(value);
    if (size <= MAX_VALUE_BYTES && size <= room) {
      room -= size;
      continue;
    }
    delete rest[mimeType];
    const bytes = imageBytes(mimeType, value) ?? Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
    events.push((await keeper.keep(bytes, mimeType)) ?? overLimit(bytes.length));
  }
}

const overLimit = (bytes: number): RunEventBody => ({
  kind: 'warning',
  text: `An output of ${(bytes / 1024 / 1024).toFixed(1)} MB was left out: one run may make 50 MB of images and files. Write it to a file instead.`,
});

/** Metadata is for hints such as a size; a large one is not worth an event of its own. */
const fitting = (metadata: Bundle): Bundle => (jsonBytes(metadata) > 8 * 1024 ? {} : metadata);

const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? '');

/** Jupyter's kernels send long texts as lists of lines. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return Array.isArray(value) && value.every((line) => typeof line === 'string') ? value.join('') : undefined;
}

function imageBytes(mimeType: string, value: unknown): Buffer | null {
  const text = textOf(value);
  if (!text || !mimeType.startsWith('image/')) return null;
  if (mimeType === 'image/svg+xml') return Buffer.from(text, 'utf8');
  const bytes = Buffer.from(text, 'base64');
  return bytes.length > 0 ? bytes : null;
}
