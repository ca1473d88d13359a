import type { ReactNode } from 'react';

/** A page's head and body at reading width. */
export function Page({ title, action, children }: { title: string; action?: ReactNode; children: ReactNode }) {
  return (
    <main className="mx-auto w-full max-w-5xl px-4 pt-6 pb-24 sm:px-6">
      <div className="mb-5 flex flex-wrap items-center justify-between gap-3">
        <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
        {action}
      </div>
      {children}
    </main>
  );
}

/** A raised surface. */
export function Card({ children, className = '' }: { children: ReactNode; className?: string }) {
  return <section className={`rounded-card border border-line bg-raised p-4 shadow-card ${className}`}>{children}</section>;
}

/** What stands where there is nothing yet: what it is for and the next step. */
export function Empty({ title, children, action }: { title: string; children: ReactNode; action?: ReactNode }) {
  return (
    <div className="rounded-card border border-dashed border-line-strong px-6 py-12 text-center">
      <h2 className="text-lg font-medium">{title}</h2>
      <div className="mx-auto mt-2 max-w-md text-sm text-muted">{children}</div>
      {action ? <div className="mt-5 flex flex-wrap justify-center gap-3">{action}</div> : null}
    </div>
  );
}

/** Stands in for content that is on its way, in its shape. */
export function Skeleton({ rows = 3 }: { rows?: number }) {
  return (
    <div role="status" aria-label="Loading" className="grid grid-cols-1 gap-3">
      {Array.from({ length: rows }, (_, row) => row).map((row) => (
        <div key={row} className="h-20 animate-pulse rounded-card bg-surface" />
      ))}
    </div>
  );
}
