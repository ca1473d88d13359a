import { collapseCarriageReturns, stripAnsi, truncateOutput } from '../document/output-block.ts';
import { standingBodies } from './display-control.ts';
import type { RunEventBody } from './run-event.ts';

/**
 * RU21: what a run shows, as the text inside its output block: streams as a terminal would show them, values as plain text, images as
 * links relative to the document, the traceback last; what the run cleared or replaced is left out. At most 64 KB and 500 lines.
 * @param docPath the document's path in its project, which links are relative to
 * @returns '' when there is nothing to show
 */
export function outputBody(bodies: Iterable<RunEventBody>, docPath: string): string {
  const parts: string[] = [];
  let imageShown = false;
  for (const body of standingBodies(bodies)) {
    const text = partOf(body, docPath, imageShown);
    if (text === '') continue;
    imageShown = body.kind === 'asset' && isImage(body.mimeType);
    // Streams run on; everything else stands on lines of its own.
    if (!isStream(body) && parts.length > 0 && !parts.at(-1)!.endsWith('\n')) parts.push('\n');
    parts.push(text);
  }
  // Erasing belongs to the escape sequences: what they do is done before they go.
  return truncateOutput(stripAnsi(collapseCarriageReturns(parts.join(''))));
}

const STREAMS: ReadonlySet<RunEventBody['kind']> = new Set(['stdout', 'stderr', 'stdin_request', 'stdin_answered']);
const isStream = (body: RunEventBody): boolean => STREAMS.has(body.kind);
const isImage = (mimeType: string): boolean => mimeType.startsWith('image/');
const line = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);

function partOf(body: RunEventBody, docPath: string, afterImage: boolean): string {
  switch (body.kind) {
    case 'stdout':
    case 'stderr':
      return body.text;
    case 'display':
    case 'result': {
      const text = plainText(body.data);
      // The words beside a picture ("<Figure size …>") are for those who cannot see it.
      return afterImage && text.startsWith('<') ? '' : line(text);
    }
    case 'asset':
      return line(assetLink(body, docPath));
    case 'error':
      return line(body.traceback.length > 0 ? body.traceback.join('\n') : `${body.name}: ${body.message}`);
    case 'warning':
      return line(body.text);
    case 'note':
      return body.hiddenBytes === undefined ? '' : line(body.text);
    case 'stdin_request':
      return body.prompt;
    case 'stdin_answered':
      return `${body.shown ?? ''}\n`;
    case 'started':
    case 'ended':
      return '';
  }
}

function plainText(data: Record<string, unknown> | undefined): string {
  const text = data?.['text/plain'] ?? data?.['text/markdown'];
  if (Array.isArray(text)) return text.join('');
  return typeof text === 'string' ? text : '';
}

type AssetBody = Extract<RunEventBody, { kind: 'asset' }>;

/** RU19: the file beside the document where the device wrote one, else the stored bytes. */
function assetLink(asset: AssetBody, docPath: string): string {
  const target = asset.path ? relativeLink(docPath, asset.path) : `/api/assets/${asset.assetId}`;
  const label = (asset.alt ?? asset.name ?? (isImage(asset.mimeType) ? 'plot' : 'file')).replace(/[[\]\r\n]/g, ' ').slice(0, 200);
  return `${isImage(asset.mimeType) ? '!' : ''}[${label}](${target})`;
}

/** A link from one path of the project to another, percent-encoded where markdown needs it. */
export function relativeLink(fromDocument: string, toFile: string): string {
  const from = fromDocument.split('/').slice(0, -1);
  const to = toFile.split('/');
  let same = 0;
  while (same < from.length && same < to.length - 1 && from[same] === to[same]) same++;
  const segments = [...from.slice(same).map(() => '..'), ...to.slice(same)];
  return segments
    .map((segment) => segment.replace(/[\s()<>%?#]/g, (c) => encodeURIComponent(c).replace(/[()]/g, (p) => (p === '(' ? '%28' : '%29'))))
    .join('/');
}
