import { EventEmitter, on } from 'node:events';
import { id } from '@markco/core/ids';
import { z } from 'zod';
import { scoped } from '../../scope.ts';
import { authedProcedure } from '../../trpc.ts';

const change = z.object({
  projectId: id.nullable(),
  documentId: id.nullable(),
  change: z.enum(['content', 'created', 'renamed', 'deleted', 'restored', 'unknown']),
});
export type DocumentChange = z.infer<typeof change>;

/**
 * Tells which documents of the person (or of one project) changed, as it happens; the reader then asks for what it shows.
 * `unknown`: the connection between processes was lost for a moment, so anything may have changed.
 */
export const watchDocuments = authedProcedure.input(z.object({ projectId: id.optional() })).subscription(async function* ({
  ctx,
  input,
  signal,
}) {
  const { bus, db } = ctx.resources;
  if (input.projectId) await scoped(db, ctx.principal).project(input.projectId);
  const emitter = new EventEmitter();
  const emit = (item: DocumentChange) => emitter.emit('change', item);
  const stops = [
    bus.subscribe('document.changed', (message) => {
      if (message.userId !== ctx.principal.userId || (input.projectId && message.projectId !== input.projectId)) return;
      emit({ projectId: message.projectId, documentId: message.documentId, change: message.change });
    }),
    bus.onReconnect(() => emit({ projectId: input.projectId ?? null, documentId: null, change: 'unknown' })),
  ];
  try {
    for await (const [item] of on(emitter, 'change', { signal })) yield item as DocumentChange;
  } catch (error) {
    if (!signal?.aborted) throw error;
  } finally {
    for (const stop of stops) stop();
  }
});
