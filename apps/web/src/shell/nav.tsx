'use client';

import type { ReactNode } from 'react';
import { Link } from './link.tsx';
import type { Screen } from './match-screen.ts';

type Item = { id: string; href: string; label: string; screens: Screen['name'][]; icon: ReactNode };

const ITEMS: Item[] = [
  {
    ...{ id: 'projects', href: '/', label: 'Projects', screens: ['projects', 'project'] },
    icon: <path d="M3 7a2 2 0 0 1 2-2h4l2 2h8a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z" />,
  },
  { id: 'runs', href: '/runs', label: 'Runs', screens: ['runs', 'run'], icon: <path d="M7 5v14l12-7z" /> },
  {
    ...{ id: 'devices', href: '/devices', label: 'Devices', screens: ['devices'] },
    icon: <path d="M5 5h14a1 1 0 0 1 1 1v9H4V6a1 1 0 0 1 1-1zM2 19h20" />,
  },
  {
    ...{ id: 'settings', href: '/settings', label: 'Settings', screens: ['settings'] },
    icon: <path d="M4 7h10M18 7h2M4 17h2M10 17h10M14 4v6M6 14v6" />,
  },
];

const Icon = ({ children }: { children: ReactNode }) => (
  <svg
    viewBox="0 0 24 24"
    className="size-5"
    fill="none"
    stroke="currentColor"
    strokeWidth="1.8"
    strokeLinecap="round"
    strokeLinejoin="round"
    aria-hidden="true"
  >
    {children}
  </svg>
);

/** The mark beside the name. */
export const Mark = () => (
  <svg viewBox="0 0 32 32" className="size-7" aria-hidden="true">
    <rect width="32" height="32" rx="8" className="fill-accent" />
    <path
      d="M8 23V10l5 6 5-6v13"
      fill="none"
      strokeWidth="2.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      className="stroke-accent-ink"
    />
    <path d="M22 14v9l6-4.5z" className="fill-accent-ink" />
  </svg>
);

/** Along the top on wide screens, at the thumb on phones. `screen` null: not known yet. */
export function Nav({ screen }: { screen: Screen['name'] | null }) {
  const links = (place: string) =>
    ITEMS.map(({ id, href, label, screens, icon }) => {
      const here = screen !== null && screens.includes(screen);
      const look = place === 'top' ? 'flex-row px-3 text-sm' : 'flex-1 flex-col px-1 text-xs';
      return (
        <li key={id} className="flex min-w-0 flex-1 sm:flex-none">
          <Link
            href={href}
            aria-current={here ? 'page' : undefined}
            data-testid={place === 'top' ? `nav-${id}` : `nav-${id}-bottom`}
            className={`flex min-h-11 items-center justify-center gap-1.5 rounded-control py-1.5 font-medium ${look} ${here ? 'bg-accent-soft text-accent' : 'text-muted hover:text-text'}`}
          >
            <Icon>{icon}</Icon>
            <span className="truncate">{label}</span>
          </Link>
        </li>
      );
    });
  return (
    <>
      <header className="sticky top-0 z-20 hidden h-14 border-b border-line bg-raised sm:block">
        <div className="mx-auto flex h-full max-w-5xl items-center justify-between px-6">
          <Link href="/" className="flex items-center gap-2 font-semibold" aria-label="MarkCo, projects">
            <Mark />
            MarkCo
          </Link>
          <nav aria-label="Main">
            <ul className="flex gap-1">{links('top')}</ul>
          </nav>
        </div>
      </header>
      <nav
        aria-label="Main"
        className="fixed inset-x-0 bottom-0 z-20 border-t border-line bg-raised px-2 pt-1 pb-[max(0.25rem,env(safe-area-inset-bottom))] sm:hidden"
      >
        <ul className="flex gap-1">{links('bottom')}</ul>
      </nav>
    </>
  );
}
