import { z } from 'zod';
import { deviceKind } from '../device/device.ts';
import { id, instant } from '../ids.ts';
import { requestedTarget } from '../run/run.ts';

/** Who is signed in. `isLocal`: the loopback-only local user. */
export const meView = z.object({
  id,
  name: z.string().nullable(),
  email: z.string().nullable(),
  image: z.string().nullable(),
  isLocal: z.boolean(),
  settings: z.object({ fallbackToCloud: z.boolean(), defaultTarget: requestedTarget.nullable() }),
  /** What is switched off, in words for the person; empty when all is on (OP1). */
  notices: z.array(z.object({ flag: z.string(), text: z.string() })),
});
export type MeView = z.infer<typeof meView>;

export const updateSettingsInput = z.object({
  fallbackToCloud: z.boolean().optional(),
  defaultTarget: requestedTarget.nullable().optional(),
});

const aboutDevice = { name: z.string().min(1).max(100), kind: deviceKind, platform: z.string().max(40) };

/** EL1, RFC 8628: a headless device asks for a code. `deviceId`: signing in again as the same device. */
export const deviceStartInput = z.object({ ...aboutDevice, deviceId: id.optional() });
export const deviceStartReply = z.object({
  deviceCode: z.string(),
  userCode: z.string(),
  verificationUri: z.string(),
  verificationUriComplete: z.string(),
  /** Seconds. */
  expiresIn: z.number(),
  /** Seconds between polls. */
  interval: z.number(),
});

/** EL2: the pair a device holds. `expiresIn`: seconds the access token lives. */
export const deviceTokens = z.object({
  accessToken: z.string(),
  refreshToken: z.string(),
  expiresIn: z.number(),
  deviceId: id,
  userId: id,
  userName: z.string().nullable(),
});
export type DeviceTokens = z.infer<typeof deviceTokens>;

export const devicePollInput = z.object({ deviceCode: z.string().max(200) });
export const devicePollReply = z.discriminatedUnion('status', [
  z.object({ status: z.literal('pending'), interval: z.number() }),
  z.object({ status: z.literal('slow_down'), interval: z.number() }),
  z.object({ status: z.literal('denied') }),
  z.object({ status: z.literal('expired') }),
  z.object({ status: z.literal('granted'), tokens: deviceTokens }),
]);
export const deviceLookupInput = z.object({ userCode: z.string().max(20) });
export const deviceLookupReply = z.object({ ...aboutDevice, expiresAt: instant });
export const deviceDecideInput = z.object({ userCode: z.string().max(20), approve: z.boolean() });

/** EL1, RFC 8252: the browser page approves and gets the loopback address to send the browser to. */
export const pkceAuthorizeInput = z.object({
  ...aboutDevice,
  codeChallenge: z.string().min(43).max(128),
  redirectUri: z.string().max(300),
  state: z.string().min(8).max(200),
  deviceId: id.optional(),
});
export const pkceAuthorizeReply = z.object({ redirectTo: z.string() });
export const pkceExchangeInput = z.object({
  code: z.string().max(200),
  codeVerifier: z.string().min(43).max(128),
  redirectUri: z.string().max(300),
});
export const refreshInput = z.object({ refreshToken: z.string().max(300) });

export const accessTokenView = z.object({
  id,
  name: z.string(),
  createdAt: instant,
  lastUsedAt: instant.nullable(),
  expiresAt: instant.nullable(),
});
export const createAccessTokenInput = z.object({
  name: z.string().min(1).max(100),
  expiresInDays: z.number().int().min(1).max(365).optional(),
});
export const createAccessTokenReply = z.object({ token: z.string(), view: accessTokenView });
export const sessionView = z.object({ id: z.string(), current: z.boolean(), createdAt: instant.nullable(), expires: instant });
