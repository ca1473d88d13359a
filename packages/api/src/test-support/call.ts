import { createCaller } from '../app-router.ts';
import type { Principal } from '../auth/principal.ts';
import type { Resources } from '../resources.ts';
import { contextOf } from './test-resources.ts';

/** The procedures as `principal` (null: nobody) calls them. */
export const as = (resources: Resources, principal: Principal | null) => createCaller(contextOf(resources, principal));

/** The code of the AppError that `work` fails with. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  const cause = (error as { cause?: { code?: string } } | null)?.cause;
  return cause?.code ?? (error as { code?: string } | null)?.code ?? 'succeeded';
}
