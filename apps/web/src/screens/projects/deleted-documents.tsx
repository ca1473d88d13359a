'use client';

import type { ProjectView } from '@markco/core/contract/projects';
import { trpc } from '../../data/trpc.ts';
import { Button } from '../../ui/button.tsx';
import { errorText, Notice } from '../../ui/notice.tsx';
import { TimeAgo } from '../../ui/time-ago.tsx';

/** WB2: documents that were deleted, each with the way back. */
export function DeletedDocuments({ project }: { project: ProjectView }) {
  const utils = trpc.useUtils();
  const deleted = trpc.documents.deleted.useQuery({ projectId: project.id });
  const restore = trpc.documents.restore.useMutation({
    onSuccess: () => Promise.all([utils.documents.deleted.invalidate({ projectId: project.id }), utils.projects.list.invalidate()]),
  });
  if (!deleted.data?.length) return null;
  return (
    <details className="text-sm">
      <summary className="min-h-11 cursor-pointer py-2.5 font-medium">Deleted documents ({deleted.data.length})</summary>
      {restore.error ? <Notice kind="danger">{errorText(restore.error)}</Notice> : null}
      <ul className="grid grid-cols-1 gap-2">
        {deleted.data.map(({ id, path, deletedAt }) => (
          <li key={id} className="flex items-center justify-between gap-3">
            <span className="min-w-0 break-words">
              {path} <span className="text-muted">{deletedAt ? <TimeAgo at={deletedAt} /> : null}</span>
            </span>
            <Button busy={restore.isPending} onClick={() => restore.mutate({ documentId: id })}>
              Restore
            </Button>
          </li>
        ))}
      </ul>
    </details>
  );
}
