'use client';

import type { MeView } from '@markco/core/contract/auth';
import type { ProjectView } from '@markco/core/contract/projects';
import { useLive } from '@markco/editor/live';
import { Workspace } from '@markco/editor/workspace';
import { useEffect, useState } from 'react';
import { trpc } from '../../data/trpc.ts';
import { createWebHost, type WebHost } from '../../host/web-host.ts';
import { noteOpened } from '../../shell/first-value.ts';
import { go } from '../../shell/link.tsx';
import { projectPath } from '../../shell/match-screen.ts';
import { usePageTitle } from '../../shell/use-page-title.ts';
import { Page, Skeleton } from '../../ui/page.tsx';
import { EmptyProject } from './empty-project.tsx';
import { StaleRuns, type StaleRunsAsked } from './stale-runs.tsx';
import { useOpenedDocument } from './use-opened-document.ts';

const PAGES = { dashboard: '/', runs: '/runs', devices: '/devices', settings: '/settings' } as const;

interface Props {
  me: MeView;
  project: ProjectView;
  docPath: string | null;
}

/** Makes the host of a project for as long as its screen is shown. */
export function ProjectWorkspace({ me, project, docPath }: Props) {
  const { client } = trpc.useUtils();
  const [host, setHost] = useState<WebHost | null>(null);
  const [stale, setStale] = useState<StaleRunsAsked | null>(null);
  const first = useState({ me, project })[0];
  useEffect(() => {
    const made: WebHost = createWebHost({
      origin: window.location.origin,
      client,
      ...first,
      onStaleRuns: (count, decide) => setStale({ count, decide }),
      navigate: ({ documentId, page }) => {
        if (page) return go(PAGES[page]);
        const target = made.documents.get().find((each) => each.id === documentId);
        if (target) go(projectPath(first.project.slug, target.path));
      },
    });
    setHost(made);
    return () => made.close();
  }, [client, first]);
  useEffect(() => host?.setProject(project), [host, project]);
  if (!host) {
    return (
      <Page title={project.name}>
        <Skeleton />
      </Page>
    );
  }
  return (
    <>
      <OpenProject host={host} docPath={docPath} />
      {stale ? <StaleRuns asked={stale} onClose={() => setStale(null)} /> : null}
    </>
  );
}

function OpenProject({ host, docPath }: { host: WebHost; docPath: string | null }) {
  const project = useLive(host.project);
  const listed = useLive(host.listed);
  const opened = useOpenedDocument(host, docPath);
  usePageTitle(opened.title ?? project.name);
  const { documentId } = opened;
  useEffect(() => {
    if (documentId) noteOpened();
  }, [documentId]);
  if (documentId) {
    return (
      <div className="workspace-place">
        <Workspace host={host} documentId={documentId} />
      </div>
    );
  }
  if (!listed) {
    return (
      <Page title={project.name}>
        <Skeleton />
      </Page>
    );
  }
  return <EmptyProject host={host} missing={docPath} />;
}
