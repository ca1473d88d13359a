import { z } from 'zod';

/** MRP schemas are loose: other people's runtimes send more, less and `null` where a field may be missing. */
const text = z.string().nullish().catch(null);
const mime = z.record(z.string(), z.unknown());

/** What an execution failed with. `line` counts from 1 within the cell. */
export const mrpError = z.looseObject({
  type: z.string().catch('Error'),
  message: z.string().catch(''),
  traceback: z.array(z.string()).catch([]).default([]),
  line: z.number().nullish().catch(null),
  column: z.number().nullish().catch(null),
});
export type MrpError = z.infer<typeof mrpError>;

/** One rich output: every mime variant the runtime offered; `image/png` is base64. */
export const mrpDisplay = z.looseObject({ data: mime.catch({}).default({}), metadata: mime.catch({}).default({}) });
export type MrpDisplay = z.infer<typeof mrpDisplay>;

/**
 * A file a runtime holds for us; its bytes come from `GET /assets/{id}`. `size` in bytes. Older runtimes name only the address, whose last
 * part is the id.
 */
export const mrpAsset = z.preprocess(
  withId,
  z.looseObject({
    id: z.string(),
    url: text,
    mimeType: z.string().catch('application/octet-stream').default('application/octet-stream'),
    assetType: text,
    size: z.number().nullish().catch(null),
    /** As a display's `metadata` says it: `display_id`, `update`, and that it is a further part of the display before. */
    displayId: text,
    update: z.boolean().nullish().catch(null),
    more: z.boolean().nullish().catch(null),
  }),
);
export type MrpAsset = z.infer<typeof mrpAsset>;

const warning = z.union([z.string(), z.looseObject({ message: z.string().catch('') })]);

/** The result object of an execution. `duration` in milliseconds. */
export const mrpResult = z.looseObject({
  success: z.boolean().catch(true).default(true),
  stdout: z.string().catch('').default(''),
  stderr: z.string().catch('').default(''),
  result: text,
  error: mrpError.nullish().catch(null),
  displayData: each(mrpDisplay),
  assets: each(mrpAsset),
  executionCount: z.number().nullish().catch(null),
  stateRevision: z.number().nullish().catch(null),
  duration: z.number().nullish().catch(null),
  imports: z.array(z.unknown()).catch([]).default([]),
  warnings: z.array(warning).catch([]).default([]),
});
export type MrpResult = z.infer<typeof mrpResult>;

/** A list of which only what can be read counts. */
function each<T>(schema: z.ZodType<T>) {
  const readable = (items: unknown[]): T[] =>
    items.flatMap((item) => {
      const found = schema.safeParse(item);
      return found.success ? [found.data] : [];
    });
  return z.array(z.unknown()).catch([]).default([]).transform(readable);
}

function withId(value: unknown): unknown {
  const asset = (typeof value === 'object' && value !== null ? value : {}) as { id?: unknown; url?: unknown };
  if (typeof asset.id === 'string' || typeof asset.url !== 'string') return value;
  const name = asset.url.split(/[?#]/)[0]!.split('/').at(-1)!;
  try {
    return name ? { ...asset, id: decodeURIComponent(name) } : value;
  } catch {
    return { ...asset, id: name };
  }
}
