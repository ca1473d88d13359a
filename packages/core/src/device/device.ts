import { z } from 'zod';
import { id, instant } from '../ids.ts';

export const devicePlatform = z.enum(['darwin', 'win32', 'linux', 'other']);
export const deviceKind = z.enum(['desktop', 'headless', 'worker']);
/** AG2: suspect at 25 s without a heartbeat, offline at 35 s. */
export const devicePresence = z.enum(['online', 'suspect', 'offline']);
export type DevicePresence = z.infer<typeof devicePresence>;

/** A runtime a device can offer (AG4): one that runs, or one it can start for a language. */
export const runtimeInfo = z.object({
  runtimeId: z.string().max(200),
  language: z.string().max(40),
  kind: z.enum(['native', 'registered', 'sandbox']),
  label: z.string().max(200),
  /** The session it holds; absent for "can start one". */
  projectId: id.optional(),
  sessionName: z.string().optional(),
  state: z.enum(['available', 'idle', 'busy', 'waiting_input', 'down']).default('available'),
});
export type RuntimeInfo = z.infer<typeof runtimeInfo>;

/** AG2: sent with every heartbeat. */
export const capabilitySnapshot = z.object({
  runtimes: z.array(runtimeInfo).max(200),
  load: z.number().optional(),
  freeMemory: z.number().optional(),
  cpus: z.number().optional(),
  battery: z.object({ percent: z.number(), charging: z.boolean() }).nullish(),
  gpu: z.string().nullish(),
});
export type CapabilitySnapshot = z.infer<typeof capabilitySnapshot>;

/** What a signed-in client sees of a device (DEVICE_LIST). */
export const deviceView = z.object({
  id,
  name: z.string(),
  kind: deviceKind,
  platform: z.string(),
  presence: devicePresence,
  allowRuns: z.boolean(),
  lastSeenAt: instant.nullable(),
  createdAt: instant,
  agentVersion: z.string().nullable(),
  runtimes: z.array(runtimeInfo),
  /** Projects whose folder this device holds. */
  projectIds: z.array(id),
});
export type DeviceView = z.infer<typeof deviceView>;
