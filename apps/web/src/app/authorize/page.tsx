import { pkceAuthorizeInput } from '@markco/core/contract/auth';
import type { Metadata } from 'next';
import { AuthorizeDevice } from '../../sign-in/authorize-device.tsx';
import { Entry } from '../../ui/entry.tsx';
import { Notice } from '../../ui/notice.tsx';

export const metadata: Metadata = { title: 'Let the app in' };
export const dynamic = 'force-dynamic';

/** The names of RFC 6749 and RFC 7636, or ours. */
const NAMES: Record<string, string> = {
  code_challenge: 'codeChallenge',
  redirect_uri: 'redirectUri',
  device_id: 'deviceId',
  device_name: 'name',
  device_kind: 'kind',
};

/** EL1, RFC 8252: names the app that asks, asks the person, then sends the browser to the app's loopback address. */
export default async function AuthorizePage({ searchParams }: { searchParams: Promise<Record<string, string | string[] | undefined>> }) {
  const query = await searchParams;
  const fields = Object.entries(query).map(([key, value]) => [NAMES[key] ?? key, typeof value === 'string' ? value : undefined]);
  const request = pkceAuthorizeInput.safeParse(Object.fromEntries(fields));
  return (
    <Entry title="Let the app in">
      {request.success ? (
        <AuthorizeDevice request={request.data} />
      ) : (
        <Notice kind="danger">This address is not complete. Start signing in again from the app.</Notice>
      )}
    </Entry>
  );
}
