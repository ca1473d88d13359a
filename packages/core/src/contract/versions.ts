import { z } from 'zod';
import { id, instant } from '../ids.ts';

/**
 * Why a version was kept (kind `point`): before somebody restored another one (`restore`), before the files of a linked folder changed
 * in bulk (`outside_change`, FB5), before edits of a replaced history were merged in (`replaced_history`, SY7), before a text was written
 * over (`overwrite`).
 */
export const versionReason = z.enum(['restore', 'outside_change', 'replaced_history', 'overwrite']);
export type VersionReason = z.infer<typeof versionReason>;

/**
 * One version of a document. `daily`: as it was before the first edit of that day; `point`: kept for a reason; `generation`: the relay's own
 * copy before the last. `at`: the moment it shows. `size`: bytes of its text in UTF-8, null where that is not known before it is read.
 */
export const versionView = z.object({
  id,
  kind: z.enum(['daily', 'point', 'generation']),
  at: instant,
  reason: versionReason.nullable(),
  by: z.string().nullable(),
  size: z.number().nullable(),
});
export type VersionView = z.infer<typeof versionView>;

export const versionRef = z.object({ documentId: id, versionId: id });
export const versionText = z.object({ version: versionView, text: z.string() });

/** `before`: the version that takes the restore back; null, with `changed` false, where the document had that text already. */
export const restoreVersionReply = z.object({ changed: z.boolean(), before: versionView.nullable() });
export type RestoreVersionReply = z.infer<typeof restoreVersionReply>;

/**
 * FB5: keeps what documents were before something changes many of them at once. `text`: what it was, where the caller saw it go; else
 * the text stored now is kept. Documents that are not there are left out of the answer.
 */
export const keepVersionsInput = z.object({
  reason: versionReason.exclude(['restore']),
  items: z
    .array(z.object({ documentId: id, text: z.string().max(20_000_000).optional() }))
    .min(1)
    .max(100),
});
export type KeepVersionsInput = z.input<typeof keepVersionsInput>;
export const keepVersionsReply = z.object({ kept: z.array(z.object({ documentId: id, version: versionView })) });
export type KeepVersionsReply = z.infer<typeof keepVersionsReply>;
