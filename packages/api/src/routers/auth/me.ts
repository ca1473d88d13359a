import { type MeView, meView, updateSettingsInput } from '@markco/core/contract/auth';
import type { Flags } from '@markco/core/flags';
import { Prisma } from '@markco/db/client';
import type { ApiContext, Principal } from '../../context.ts';
import { scoped } from '../../scope.ts';
import { authedProcedure } from '../../trpc.ts';

/** Who is signed in, with settings and what is switched off. */
export const me = authedProcedure.output(meView).query(({ ctx }) => meOf(ctx));

/** RU5, RU7: where runs go by default, and whether the cloud may take them. */
export const updateSettings = authedProcedure
  .input(updateSettingsInput)
  .output(meView)
  .mutation(async ({ ctx, input }) => {
    const { db } = ctx.resources;
    if (input.defaultTarget?.kind === 'device') await scoped(db, ctx.principal).device(input.defaultTarget.deviceId);
    const { fallbackToCloud, defaultTarget } = input;
    await db.user.update({
      where: { id: ctx.principal.userId },
      data: { fallbackToCloud, ...(defaultTarget !== undefined && { defaultTarget: defaultTarget ?? Prisma.DbNull }) },
    });
    return meOf(ctx);
  });

async function meOf({ resources, principal }: ApiContext & { principal: Principal }): Promise<MeView> {
  const user = await resources.db.user.findUniqueOrThrow({ where: { id: principal.userId } });
  return {
    ...{ id: user.id, name: user.name, email: user.email, image: user.image, isLocal: user.kind === 'local' },
    settings: { fallbackToCloud: user.fallbackToCloud, defaultTarget: user.defaultTarget as MeView['settings']['defaultTarget'] },
    notices: noticesOf(resources.flags.for(user.id)),
  };
}

/** OP1: what is switched off, in words for the person. */
export function noticesOf(flags: Flags): MeView['notices'] {
  const off: [keyof Flags, boolean, string][] = [
    [
      'SYNC_MODE',
      flags.SYNC_MODE !== 'legacy',
      'Sync runs in its older way for the moment: what you write is saved, and may show up elsewhere a little later.',
    ],
    ['ENABLE_DEVICE_AGENT', flags.ENABLE_DEVICE_AGENT, 'Connections to your computers are switched off for the moment.'],
    ['ENABLE_REMOTE_EXEC_ROUTING', flags.ENABLE_REMOTE_EXEC_ROUTING, 'Running on your computers is switched off for the moment.'],
    ['ENABLE_CLOUD_FALLBACK', flags.ENABLE_CLOUD_FALLBACK, 'The cloud does not take over when your computer is away, for the moment.'],
  ];
  return off.filter(([, on]) => !on).map(([flag, , text]) => ({ flag, text }));
}
