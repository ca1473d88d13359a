'use client';

import dynamic from 'next/dynamic';
import { type ReactNode, useEffect, useRef } from 'react';
import { ProjectsScreen } from '../screens/projects/projects-screen.tsx';
import { Page, Skeleton } from '../ui/page.tsx';
import { Banners } from './banners.tsx';
import { matchScreen, type Screen } from './match-screen.ts';
import { Nav } from './nav.tsx';
import { ServiceWorker } from './service-worker.tsx';
import { useAddress } from './use-address.ts';
import { WatchSession } from './watch-session.tsx';

const loading = () => (
  <Page title="Loading">
    <Skeleton />
  </Page>
);
const ProjectScreen = dynamic(() => import('../screens/project/project-screen.tsx').then((module) => module.ProjectScreen), {
  ssr: false,
  loading,
});
const RunsScreen = dynamic(() => import('../screens/runs/runs-screen.tsx').then((module) => module.RunsScreen), { ssr: false, loading });
const RunScreen = dynamic(() => import('../screens/run/run-screen.tsx').then((module) => module.RunScreen), { ssr: false, loading });
const DevicesScreen = dynamic(() => import('../screens/devices/devices-screen.tsx').then((module) => module.DevicesScreen), {
  ssr: false,
  loading,
});
const SettingsScreen = dynamic(() => import('../screens/settings/settings-screen.tsx').then((module) => module.SettingsScreen), {
  ssr: false,
  loading,
});

function draw(screen: Screen | null): ReactNode {
  switch (screen?.name) {
    case 'projects':
      return <ProjectsScreen />;
    case 'project':
      return <ProjectScreen key={screen.slug} slug={screen.slug} docPath={screen.docPath} />;
    case 'runs':
      return <RunsScreen />;
    case 'run':
      return <RunScreen key={screen.runId} runId={screen.runId} />;
    case 'devices':
      return <DevicesScreen />;
    case 'settings':
      return <SettingsScreen />;
    default:
      return loading();
  }
}

/**
 * The whole signed-in app. The server's HTML is the same for every address, so that the one the service worker keeps can
 * start any of them without a network (WB4); the screen is chosen in the browser.
 */
export function App() {
  const address = useAddress();
  const inBrowser = address !== null;
  const screen = inBrowser ? matchScreen(address) : null;
  const place = useRef<HTMLDivElement>(null);
  const first = useRef(true);
  const name = screen?.name ?? null;
  useEffect(() => {
    if (name === null) return;
    // Screen readers and the Tab key continue at the new screen, as after loading a page.
    if (!first.current && name !== 'project') place.current?.focus({ preventScroll: true });
    first.current = false;
  }, [name]);
  return (
    <>
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-control focus:bg-raised focus:px-4 focus:py-3"
      >
        Skip to the content
      </a>
      <Nav screen={name} />
      {inBrowser ? <Banners quiet={name === 'project'} /> : null}
      <div id="content" ref={place} tabIndex={-1} className="outline-none">
        {draw(screen)}
      </div>
      {inBrowser ? <ServiceWorker /> : null}
      {inBrowser ? <WatchSession /> : null}
    </>
  );
}
