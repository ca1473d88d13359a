import { z } from 'zod';

const onOff = z.enum(['0', '1']).transform((value) => value === '1');

/** OP1: the environment's feature flags; anything but the listed values is refused with those values named. */
export const flagsSchema = z.object({
  SYNC_MODE: z.enum(['legacy', 'mirror', 'relay_primary']).default('relay_primary'),
  ENABLE_DEVICE_AGENT: onOff.default(true),
  ENABLE_REMOTE_EXEC_ROUTING: onOff.default(true),
  ENABLE_CLOUD_FALLBACK: onOff.default(true),
});

/** The flags in force. */
export type Flags = z.output<typeof flagsSchema>;

/** Where document state is kept first (SY12). */
export type SyncMode = Flags['SYNC_MODE'];
