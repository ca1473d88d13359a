import type { Log } from '@markco/sync/log';
import { type ApiClient, createApiClient } from '../api-client/api-client.ts';
import type { CredentialStore } from '../config/credential-store.ts';
import { openCredentials } from '../config/credentials.ts';
import { type DataDir, prepareDataDir } from '../config/data-dir.ts';
import { type AgentEnv, readEnv } from '../config/env.ts';
import { type AgentSettings, SettingsFile } from '../config/settings.ts';
import { createLog } from '../log.ts';
import { TokenManager } from '../sign-in/token-manager.ts';

/** What every command needs, opened once. */
export interface CliContext {
  env: AgentEnv;
  dir: DataDir;
  settingsFile: SettingsFile;
  settings: AgentSettings;
  credentials: CredentialStore;
  tokens: TokenManager;
  /** Signed in where possible. */
  api: ApiClient;
  server: string;
  log: Log;
  /** To the person. */
  say(line?: string): void;
}

/** @param server given on the command line; wins over the environment and the settings */
export async function openContext(options: { server?: string | undefined; level?: string } = {}): Promise<CliContext> {
  const env = readEnv();
  const dir = await prepareDataDir(env.MARKCO_AGENT_DIR);
  const settingsFile = new SettingsFile(dir.settings);
  const settings = await settingsFile.read();
  const server = (options.server ?? env.MARKCO_SERVER ?? settings.server).replace(/\/+$/, '');
  const credentials = await openCredentials({ file: dir.credentials, given: env.MARKCO_CREDENTIALS_FILE, keyring: env.MARKCO_KEYRING });
  const log = createLog(options.level ?? 'warn');
  const anonymous = createApiClient(server);
  const api = createApiClient(server, () => tokens.accessToken());
  const tokens = new TokenManager({
    store: credentials,
    api: { ...anonymous, call: (name, input, signal) => (name === 'auth.refresh' ? anonymous : api).call(name, input, signal) },
    log,
  });
  await tokens.load();
  return { env, dir, settingsFile, settings, credentials, tokens, api, server, log, say: (line = '') => console.log(line) };
}
