import type { DocumentView, RegisterLocalInput, RegisterLocalReply, SeedReply, TicketReply } from '@markco/core/contract/projects';

/**
 * What a folder bridge asks of the server. Calls reject with an AppError: `not_found` and `conflict` are answers, `unavailable`, `timeout`
 * and anything untyped mean offline, `unauthenticated` that the person has to sign in.
 */
export interface BridgeApi {
  register(input: RegisterLocalInput): Promise<RegisterLocalReply>;
  /** Every document of the project that is not deleted. */
  manifest(projectId: string): Promise<DocumentView[]>;
  /** At most 50 items and 1 MB a call (FB3). */
  seed(projectId: string, items: readonly { path: string; text: string }[]): Promise<SeedReply>;
  rename(documentId: string, path: string): Promise<DocumentView>;
  remove(documentId: string): Promise<void>;
  /** FB5: keeps what documents were before the folder changed in bulk; at most 50 items and 1 MB a call. */
  keepVersions(items: readonly { documentId: string; text: string }[]): Promise<void>;
  ticket(documentId: string): Promise<TicketReply>;
}
