import { notFound } from 'next/navigation';
import { App } from '../../../shell/app.tsx';
import { matchScreen } from '../../../shell/match-screen.ts';

// The nonce of the policy is new for every response (SE3).
export const dynamic = 'force-dynamic';

/** Every address of the app; see shell/match-screen.ts for which there are. */
export default async function AppPage({ params }: { params: Promise<{ path?: string[] }> }) {
  const { path = [] } = await params;
  if (!matchScreen(`/${path.join('/')}`)) notFound();
  return <App />;
}
