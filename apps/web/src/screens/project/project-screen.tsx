'use client';

import '@markco/editor/editor.css';
import { trpc } from '../../data/trpc.ts';
import { Link } from '../../shell/link.tsx';
import { buttonClass } from '../../ui/button.tsx';
import { errorText } from '../../ui/notice.tsx';
import { Empty, Page, Skeleton } from '../../ui/page.tsx';
import { ProjectWorkspace } from './project-workspace.tsx';

/** `/p/:slug/:docPath`: finds the project in what is known (also without a network) and opens its workspace. */
export function ProjectScreen({ slug, docPath }: { slug: string; docPath: string | null }) {
  const me = trpc.auth.me.useQuery();
  const projects = trpc.projects.list.useQuery();
  const project = projects.data?.find((each) => each.slug === slug);
  if (me.data && project) return <ProjectWorkspace me={me.data} project={project} docPath={docPath} />;
  const error = me.error ?? projects.error;
  if (!error && (projects.data === undefined || projects.isFetching || me.data === undefined)) {
    return (
      <Page title="Opening…">
        <Skeleton />
      </Page>
    );
  }
  return (
    <Page title="Project">
      <Empty
        title={error ? 'The project cannot be shown now' : 'There is no such project'}
        action={
          <Link href="/" className={buttonClass('primary')}>
            All projects
          </Link>
        }
      >
        {error ? errorText(error) : 'It may have been removed, or it belongs to another account.'}
      </Empty>
    </Page>
  );
}
