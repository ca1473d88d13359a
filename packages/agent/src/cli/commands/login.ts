import qrcode from 'qrcode';
import { createApiClient } from '../../api-client/api-client.ts';
import { lockHolder } from '../../config/instance-lock.ts';
import { defaultDeviceName, platformName } from '../../machine.ts';
import { deviceGrant } from '../../sign-in/device-grant.ts';
import { openContext } from '../context.ts';

/** EL1: signs this device in with a short code that is confirmed in a browser anywhere. */
export async function login(options: { server?: string; name?: string; json?: boolean }): Promise<void> {
  const context = await openContext({ server: options.server });
  const { say, tokens, settingsFile, server, settings, env } = context;
  const name = options.name ?? env.MARKCO_DEVICE_NAME ?? settings.deviceName ?? defaultDeviceName();
  const known = tokens.identity?.deviceId;
  const granted = await deviceGrant({
    api: createApiClient(server),
    about: { name, kind: 'headless', platform: platformName(), ...(known && { deviceId: known }) },
    onCode: async (code) => {
      if (options.json)
        return say(
          JSON.stringify({
            userCode: code.userCode,
            verificationUri: code.verificationUri,
            verificationUriComplete: code.verificationUriComplete,
          }),
        );
      say(`To let "${name}" in, open this address in a browser and confirm the code:`);
      say(`\n    ${code.verificationUri}\n    ${code.userCode}\n`);
      say(await qrcode.toString(code.verificationUriComplete, { type: 'utf8', errorCorrectionLevel: 'L', margin: 2 }));
      say('Waiting… (Ctrl-C to stop)');
    },
  });
  await tokens.signIn(granted);
  await settingsFile.update((current) => ({ ...current, server, ...(options.name && { deviceName: options.name }) }));
  if (options.json) return say(JSON.stringify({ signedIn: true, deviceId: granted.deviceId, userName: granted.userName }));
  say(`Signed in as ${granted.userName ?? 'you'} on ${server}. Credentials are kept in ${context.credentials.description}.`);
  const running = await lockHolder(context.dir.lock);
  say(
    running
      ? 'Restart the agent that is running to use this account.'
      : 'Link a folder with "markco link DIR" and start the agent with "markco agent".',
  );
}

/** EL2: signs this device out here and on the server. */
export async function logout(): Promise<void> {
  const { tokens, say } = await openContext();
  if (!tokens.identity) return say('This device is not signed in.');
  await tokens.signOut();
  say('Signed out. Your folders and their edits stay as they are.');
}
