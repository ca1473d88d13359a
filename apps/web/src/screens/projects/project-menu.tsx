'use client';

import type { ProjectView } from '@markco/core/contract/projects';
import { useState } from 'react';
import { ProjectDialog } from './project-dialog.tsx';

/** Opens what can be changed about a project. */
export function ProjectMenu({ project }: { project: ProjectView }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        aria-label={`Settings of ${project.name}`}
        className="inline-flex size-11 items-center justify-center rounded-control text-muted hover:text-text"
        onClick={() => setOpen(true)}
      >
        <svg viewBox="0 0 24 24" className="size-5" fill="currentColor" aria-hidden="true">
          <circle cx="5" cy="12" r="1.8" />
          <circle cx="12" cy="12" r="1.8" />
          <circle cx="19" cy="12" r="1.8" />
        </svg>
      </button>
      {open ? <ProjectDialog project={project} onClose={() => setOpen(false)} /> : null}
    </>
  );
}
