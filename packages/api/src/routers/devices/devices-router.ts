import { id } from '@markco/core/ids';
import { z } from 'zod';
import { listDevices } from '../../agents/device-view.ts';
import { revokeDevice } from '../../agents/revoke-device.ts';
import { authedProcedure, router } from '../../trpc.ts';
import { changeDevice } from './change-device.ts';
import { watchDevices } from './watch-devices.ts';

const deviceRef = z.object({ deviceId: id });

/** The person's devices: what is online, and what it may do. */
export const devicesRouter = router({
  list: authedProcedure.query(({ ctx }) => listDevices(ctx.resources, ctx.principal.userId)),
  watch: authedProcedure.subscription(({ ctx, signal }) =>
    watchDevices(ctx.resources, ctx.principal, signal ?? new AbortController().signal),
  ),
  rename: authedProcedure
    .input(deviceRef.extend({ name: z.string().trim().min(1).max(100) }))
    .mutation(({ ctx, input }) => changeDevice(ctx.resources, ctx.principal, input.deviceId, { name: input.name })),
  setAllowRuns: authedProcedure
    .input(deviceRef.extend({ allowRuns: z.boolean() }))
    .mutation(({ ctx, input }) => changeDevice(ctx.resources, ctx.principal, input.deviceId, { allowRuns: input.allowRuns })),
  revoke: authedProcedure.input(deviceRef).mutation(({ ctx, input }) => revokeDevice(ctx.resources, ctx.principal, input.deviceId)),
});
