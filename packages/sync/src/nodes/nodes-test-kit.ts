import { converged, documentRef, startRelay, stockClient, until, updateOf } from '@markco/testing/relay-harness';
import type { RelayLimits } from '../relay/limits.ts';
import { cleanUp, HeldMemoryStore } from '../relay/relay-test-kit.ts';
import { MemoryLinks } from './memory-link.ts';
import type { NodeTuning } from './node-tuning.ts';

/** A frame's kind is its second byte. */
export const KIND = { updates: 0, head: 1, saved: 2, awareness: 3, who: 4, hello: 5, bye: 6 } as const;

/** Several relays on one store, linked, with one document. */
export async function startNodes(
  options: { count?: number; text?: string; tuning?: Partial<NodeTuning>; limits?: Partial<RelayLimits> } = {},
) {
  const store = new HeldMemoryStore();
  const ref = documentRef();
  store.create(ref, options.text ? [updateOf(options.text)] : []);
  const links = new MemoryLinks();
  const tuning = { tickMs: 20, silentMs: 600_000, sweepMs: 600_000, worriedSweepMs: 600_000, graceMs: 20, ...options.tuning };
  const nodes = await Promise.all(
    Array.from({ length: options.count ?? 2 }, async () => {
      const link = links.open();
      const harness = await startRelay({ store, nodes: { link, tuning }, ...(options.limits ? { limits: options.limits } : {}) });
      harness.authorizer.register(ref);
      cleanUp(() => harness.stop());
      const client = (params: Record<string, string> = {}) => {
        const joined = stockClient(harness, ref, params);
        cleanUp(() => joined.provider.destroy());
        return { ...joined, text: joined.doc.getText('content'), synced: () => until(() => joined.provider.synced) };
      };
      return { ...harness, link, client };
    }),
  );
  return { store, ref, links, nodes, a: nodes[0]!, b: nodes[1]!, converged };
}
