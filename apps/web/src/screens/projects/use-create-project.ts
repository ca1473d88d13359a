import { trpc } from '../../data/trpc.ts';
import { go } from '../../shell/link.tsx';
import { projectPath } from '../../shell/match-screen.ts';

/** Makes a project and opens it. */
export function useCreateProject() {
  const utils = trpc.useUtils();
  const onSuccess = (project: { slug: string } & Parameters<typeof add>[0]) => {
    add(project);
    go(projectPath(project.slug));
  };
  // Known at once, so that its screen need not ask first.
  const add = (project: NonNullable<ReturnType<typeof utils.projects.list.getData>>[number]) =>
    utils.projects.list.setData(undefined, (list) => [project, ...(list ?? []).filter(({ id }) => id !== project.id)]);
  return {
    empty: trpc.projects.create.useMutation({ onSuccess }),
    sample: trpc.projects.createSample.useMutation({ onSuccess }),
  };
}
