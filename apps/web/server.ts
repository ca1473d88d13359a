import { resolve } from 'node:path';
import { startHousekeeping } from '@markco/api/housekeeping/housekeeping';
import { createApi } from '@markco/api/http/create-api';
import { closeResources, createResources } from '@markco/api/resources';
import { createRunEngine } from '@markco/api/run-engine/run-engine';
import { readWebEnv, type WebEnv } from './src/server/env.ts';
import { serve } from './src/server/serve.ts';
import { shareSignIn } from './src/server/sign-in-settings.ts';
import { startNext } from './src/server/start-next.ts';
import { stopOnSignal } from './src/server/stop-on-signal.ts';

const dir = import.meta.dirname;
const dev = process.argv.includes('--dev');

const pair = (clientId?: string, clientSecret?: string) => (clientId && clientSecret ? { clientId, clientSecret } : null);

/** The web process: pages, API, agents' sockets and the run engine on one port. Wires, never decides. */
async function main(env: WebEnv): Promise<void> {
  const internalRelayUrl = env.SYNC_RELAY_URL.replace(/^http/, 'ws');
  const resources = await createResources(env, { internalRelayUrl });
  const { log } = resources;
  shareSignIn({
    db: resources.db,
    settings: {
      secret: Buffer.from(resources.secret).toString('base64url'),
      secureCookies: env.PUBLIC_URL.startsWith('https:'),
      allowLocalUser: env.MARKCO_LOCAL_USER,
      smtpUrl: env.SMTP_URL ?? null,
      mailFrom: env.MAIL_FROM,
      github: pair(env.GITHUB_CLIENT_ID, env.GITHUB_CLIENT_SECRET),
      google: pair(env.GOOGLE_CLIENT_ID, env.GOOGLE_CLIENT_SECRET),
      log,
    },
  });
  const engine = createRunEngine(resources, { relayUrl: internalRelayUrl });
  const api = createApi(resources);
  const server = serve({
    resources,
    api,
    relayUrl: env.SYNC_RELAY_URL,
    dir: resolve(dir),
    dev,
    secure: env.PUBLIC_URL.startsWith('https:'),
  });
  await server.listen(env.PORT, env.HOST);
  let housekeeping: ReturnType<typeof startHousekeeping> | null = null;
  stopOnSignal(log, async () => {
    await server.stop();
    await housekeeping?.stop();
    await engine.stop();
    await closeResources(resources);
  });
  server.servePages(await startNext({ dev, dir: resolve(dir), hostname: env.HOST, port: env.PORT }));
  engine.start();
  housekeeping = startHousekeeping(resources);
  log.info({ address: `http://${env.HOST}:${env.PORT}` }, 'web is ready');
}

try {
  await main(readWebEnv(process.env));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
