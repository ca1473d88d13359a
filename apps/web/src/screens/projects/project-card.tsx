'use client';

import type { ProjectView } from '@markco/core/contract/projects';
import type { DeviceView } from '@markco/core/device/device';
import { Link } from '../../shell/link.tsx';
import { projectPath } from '../../shell/match-screen.ts';
import { PresenceDot } from '../../ui/presence-dot.tsx';
import { TimeAgo } from '../../ui/time-ago.tsx';
import { ProjectMenu } from './project-menu.tsx';

/** A project: how much is in it, when it was edited, and which devices hold its folder. */
export function ProjectCard({ project, devices }: { project: ProjectView; devices: readonly DeviceView[] | undefined }) {
  const { documentCount: count, attachments } = project;
  return (
    <article
      data-testid="project-card"
      data-slug={project.slug}
      className="relative flex w-full flex-col rounded-card border border-line bg-raised p-4 shadow-card hover:border-line-strong"
    >
      <div className="flex items-start gap-2">
        <h2 className="min-w-0 flex-1 text-lg font-medium break-words">
          <Link href={projectPath(project.slug)} className="after:absolute after:inset-0 after:rounded-card">
            {project.name}
          </Link>
        </h2>
        <div className="relative z-10 -mt-2 -mr-2">
          <ProjectMenu project={project} />
        </div>
      </div>
      <p className="mt-1 text-sm text-muted">
        {count === 1 ? '1 document' : `${count} documents`}
        {project.lastEditAt ? (
          <>
            {' · edited '}
            <TimeAgo at={project.lastEditAt} />
          </>
        ) : null}
      </p>
      <ul className="mt-auto grid gap-1 pt-3 text-sm" aria-label="On these computers">
        {attachments.length === 0 ? <li className="text-muted">Only in MarkCo, not on a computer</li> : null}
        {attachments.map(({ deviceId, deviceName, folderName }) => (
          <li key={deviceId} className="flex min-w-0 items-center gap-2">
            <PresenceDot presence={devices?.find(({ id }) => id === deviceId)?.presence ?? null} />
            <span className="truncate" title={`${deviceName}: ${folderName}`}>
              {deviceName} <span className="text-muted">· {folderName}</span>
            </span>
          </li>
        ))}
      </ul>
    </article>
  );
}
