import { router } from '../../trpc.ts';
import { accessTokensRouter } from './access-tokens.ts';
import { deviceDecide, deviceLookup, devicePoll, deviceStart } from './device-grant.ts';
import { me, updateSettings } from './me.ts';
import { pkceAuthorize, pkceExchange } from './pkce.ts';
import { refresh } from './refresh.ts';
import { sessionsRouter } from './sessions.ts';
import { signOut, signOutDevice } from './sign-out.ts';

/** Who is signed in, and every way a device, script or page signs in and out (EL1, EL2). */
export const authRouter = router({
  me,
  updateSettings,
  deviceStart,
  devicePoll,
  deviceLookup,
  deviceDecide,
  pkceAuthorize,
  pkceExchange,
  refresh,
  signOut,
  signOutDevice,
  accessTokens: accessTokensRouter,
  sessions: sessionsRouter,
});
