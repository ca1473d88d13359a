import { z } from 'zod';
import { id, instant } from '../ids.ts';

/** A document as listings show it. `contentHash`: SHA-256 hex of the text in UTF-8; it follows an edit within 2 s (SY9). */
export const documentView = z.object({
  id,
  projectId: id,
  path: z.string(),
  title: z.string(),
  epoch: z.string(),
  size: z.number(),
  contentHash: z.string(),
  updatedAt: instant,
  createdAt: instant,
  deletedAt: instant.nullable(),
  /** 'ok', or why it can only be listed (FB2). */
  status: z.enum(['ok', 'too_large', 'read_only']),
});
export type DocumentView = z.infer<typeof documentView>;

export const projectView = z.object({
  id,
  slug: z.string(),
  name: z.string(),
  ownerId: id,
  documentCount: z.number(),
  lastEditAt: instant.nullable(),
  createdAt: instant,
  fallbackToCloud: z.boolean().nullable(),
  /** The devices that hold its folder. */
  attachments: z.array(z.object({ deviceId: id, deviceName: z.string(), folderName: z.string() })),
});
export type ProjectView = z.infer<typeof projectView>;

export const manifestItem = z.object({
  path: z.string().max(1024),
  size: z.number().int().min(0),
  hash: z.string().max(64),
  status: z.enum(['ok', 'too_large', 'read_only']).default('ok'),
});
export type ManifestItem = z.infer<typeof manifestItem>;

/** FB1: `rootId` is made once per folder and kept in its `.markco/`; `projectId` is known when the folder was linked before. */
export const registerLocalInput = z.object({
  name: z.string().min(1).max(200),
  rootId: id,
  projectId: id.optional(),
  deviceId: id.optional(),
  folderName: z.string().max(300),
  manifest: z.array(manifestItem).max(20_000),
});
export type RegisterLocalInput = z.input<typeof registerLocalInput>;
export const registerLocalReply = z.object({
  project: projectView,
  documents: z.array(documentView),
  /** Paths the server has no document for. */ missing: z.array(z.string()),
});
export type RegisterLocalReply = z.infer<typeof registerLocalReply>;

/** FB4, SY7: creates each document once, from text, on the server. Deleted documents at the path count as missing. */
export const seedInput = z.object({
  projectId: id,
  items: z
    .array(z.object({ path: z.string().max(1024), text: z.string().max(20_000_000) }))
    .min(1)
    .max(100),
});
export const seedReply = z.object({
  items: z.array(
    z.object({
      path: z.string(),
      outcome: z.enum(['created', 'equal', 'different', 'refused']),
      document: documentView.nullable(),
      message: z.string().optional(),
    }),
  ),
});
export type SeedReply = z.infer<typeof seedReply>;

export const createDocumentInput = z.object({ projectId: id, path: z.string().max(1024), text: z.string().max(20_000_000).default('') });
export const renameDocumentInput = z.object({ documentId: id, path: z.string().max(1024) });
export const documentRef = z.object({ documentId: id });

/** SY3: `url` is the whole WebSocket address without the token; the token goes in `?token=` or `Authorization: Bearer`. */
export const ticketInput = z.object({ documentId: id, mode: z.enum(['read', 'write']).default('write') });
export const ticketReply = z.object({
  url: z.string(),
  token: z.string(),
  documentId: id,
  epoch: z.string(),
  path: z.string(),
  expiresAt: instant,
  mode: z.enum(['read', 'write']),
});
export type TicketReply = z.infer<typeof ticketReply>;

export const documentText = z.object({ document: documentView, text: z.string() });
export const searchInput = z.object({ projectId: id.optional(), query: z.string().min(1).max(200) });
export const searchHit = z.object({
  documentId: id,
  projectId: id,
  projectSlug: z.string(),
  path: z.string(),
  line: z.number(),
  excerpt: z.string(),
});
