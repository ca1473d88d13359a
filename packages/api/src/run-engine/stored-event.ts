import { MAX_EVENT_BYTES, type RunEvent, type RunEventBody } from '@markco/core/run/run-event';

/** One row of `run_events` on its way in. */
export interface StoredEvent {
  seq: number;
  at: Date;
  kind: string;
  json: string;
  /** What `json` says. */
  body: RunEventBody;
}

/**
 * RU16, RU18: an event as Postgres takes it: NUL and lone surrogates, which jsonb refuses, become U+FFFD; an event over 256 KB is
 * replaced by a note that names its size, so that one event cannot stop the rest.
 */
export function toStored(event: RunEvent): StoredEvent {
  const written = JSON.stringify(event.body);
  const json = cleanJson(written);
  const at = new Date(Math.min(Math.max(event.at, 0), 8.64e15));
  if (json.length <= MAX_EVENT_BYTES && Buffer.byteLength(json) <= MAX_EVENT_BYTES)
    return { seq: event.seq, at, kind: event.body.kind, json, body: json === written ? event.body : (JSON.parse(json) as RunEventBody) };
  const size = (Buffer.byteLength(json) / 1024 / 1024).toFixed(1);
  const text = `An output of ${size} MB was left out: one output may have 256 KB. Save it to a file instead.`;
  const note = { kind: 'note' as const, text };
  return { seq: event.seq, at, kind: 'note', json: JSON.stringify(note), body: note };
}

/** Replaces what jsonb refuses; JSON.stringify escapes exactly that. An escaped backslash is stepped over. */
export function cleanJson(json: string): string {
  return json.replace(/\\(\\|u0000|ud[89a-f][0-9a-f]{2})/g, (match, escaped: string) => (escaped === '\\' ? match : '\\ufffd'));
}
