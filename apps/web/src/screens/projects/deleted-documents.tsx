'use client';

import type { ProjectView } from '@markco/core/contract/projects';
import { BIN_DAYS } from '@markco/core/document/bin-days';
import { trpc } from '../../data/trpc.ts';
import { Button } from '../../ui/button.tsx';
import { errorText, Notice } from '../../ui/notice.tsx';
import { TimeAgo } from '../../ui/time-ago.tsx';

/** WB2: documents that were deleted, each with the way back and how long there is one. */
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
      <p className="pb-2 text-muted">A deleted document stays here for {BIN_DAYS} days, with its text, its versions and its runs.</p>
      {restore.error ? <Notice kind="danger">{errorText(restore.error)}</Notice> : null}
      <ul className="grid grid-cols-1 gap-2">
        {deleted.data.map(({ id, path, deletedAt }) => (
          <li key={id} className="flex items-center justify-between gap-3">
            <span className="min-w-0 break-words">
              {path}{' '}
              {deletedAt ? (
                <span className="text-muted">
                  deleted <TimeAgo at={deletedAt} /> · {daysLeft(deletedAt)}
                </span>
              ) : null}
            </span>
            <Button aria-label={`Restore ${path}`} busy={restore.isPending} onClick={() => restore.mutate({ documentId: id })}>
              Restore
            </Button>
          </li>
        ))}
      </ul>
    </details>
  );
}

function daysLeft(deletedAt: Date | string): string {
  const days = Math.ceil(BIN_DAYS - (Date.now() - new Date(deletedAt).getTime()) / 86_400_000);
  return days <= 1 ? 'last day' : `${days} days left`;
}
