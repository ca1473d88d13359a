import type { Metadata } from 'next';
import { LetDeviceIn } from '../../sign-in/let-device-in.tsx';
import { Entry } from '../../ui/entry.tsx';

export const metadata: Metadata = { title: 'Connect a device' };
export const dynamic = 'force-dynamic';

/** EL1, RFC 8628: the person types or confirms the code their device shows. */
export default async function DevicePage({ searchParams }: { searchParams: Promise<{ code?: string | string[] }> }) {
  const { code } = await searchParams;
  return (
    <Entry title="Connect a device">
      <LetDeviceIn given={typeof code === 'string' ? code.slice(0, 20) : null} />
    </Entry>
  );
}
