import type { ReactNode } from 'react';
import { Mark } from '../shell/nav.tsx';

/** A small page for one decision: signing in, letting a device in. */
export function Entry({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-md flex-col justify-center px-4 py-10">
      <div className="mb-6 flex items-center justify-center gap-2 text-lg font-semibold">
        <Mark />
        MarkCo
      </div>
      <section className="rounded-card border border-line bg-raised p-6 shadow-card">
        <h1 className="mb-4 text-xl font-semibold tracking-tight">{title}</h1>
        {children}
      </section>
    </main>
  );
}
