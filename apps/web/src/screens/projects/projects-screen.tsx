'use client';

import { trpc } from '../../data/trpc.ts';
import { useDevices } from '../../data/use-devices.ts';
import { usePageTitle } from '../../shell/use-page-title.ts';
import { Button } from '../../ui/button.tsx';
import { errorText, Notice } from '../../ui/notice.tsx';
import { Page, Skeleton } from '../../ui/page.tsx';
import { ConnectComputer } from './connect-computer.tsx';
import { FirstSteps } from './first-steps.tsx';
import { NewProject } from './new-project.tsx';
import { ProjectCard } from './project-card.tsx';
import { SearchDocuments } from './search-documents.tsx';

const REFRESH_MS = 20_000;

/** WB1: the person's projects, and the way to a first one. */
export function ProjectsScreen() {
  usePageTitle('Projects');
  const projects = trpc.projects.list.useQuery(undefined, { refetchInterval: REFRESH_MS });
  const devices = useDevices();
  const list = projects.data;
  return (
    <Page title="Projects" action={list && list.length > 0 ? <NewProject /> : null}>
      {projects.error && !list ? (
        <Notice kind="danger">
          <p>{errorText(projects.error)}</p>
          <Button className="mt-3" onClick={() => void projects.refetch()}>
            Try again
          </Button>
        </Notice>
      ) : null}
      {!list && !projects.error ? <Skeleton rows={4} /> : null}
      {list?.length === 0 ? <FirstSteps /> : null}
      {list && list.length > 0 ? (
        <div className="grid grid-cols-1 gap-6">
          <SearchDocuments />
          <ul className="grid grid-cols-1 gap-3 sm:grid-cols-2 lg:grid-cols-3" aria-label="Projects">
            {list.map((project) => (
              <li key={project.id} className="flex">
                <ProjectCard project={project} devices={devices.list} />
              </li>
            ))}
          </ul>
          {devices.list?.some(({ kind }) => kind !== 'worker') ? null : <ConnectComputer />}
        </div>
      ) : null}
    </Page>
  );
}
