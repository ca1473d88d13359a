'use client';

import type { ProjectView } from '@markco/core/contract/projects';
import { useState } from 'react';
import { trpc } from '../../data/trpc.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field, fieldClass } from '../../ui/field.tsx';
import { errorText, Notice } from '../../ui/notice.tsx';
import { DeletedDocuments } from './deleted-documents.tsx';

const FALLBACK = [
  ['', 'As in my settings'],
  ['yes', 'Run in the cloud'],
  ['no', 'Wait for the computer'],
] as const;

/** Name, where runs go when the computer is away, linked folders, deleted documents, and removing the project. */
export function ProjectDialog({ project, onClose }: { project: ProjectView; onClose(): void }) {
  const utils = trpc.useUtils();
  const refresh = () => utils.projects.list.invalidate();
  const [name, setName] = useState(project.name);
  const [sure, setSure] = useState(false);
  const rename = trpc.projects.rename.useMutation({ onSuccess: refresh });
  const update = trpc.projects.updateSettings.useMutation({ onSuccess: refresh });
  const unlink = trpc.projects.unlinkDevice.useMutation({ onSuccess: refresh });
  const remove = trpc.projects.remove.useMutation({ onSuccess: () => void refresh().then(onClose) });
  const error = rename.error ?? update.error ?? unlink.error ?? remove.error;
  const { fallbackToCloud: fallback } = project;
  return (
    <Dialog title={project.name} onClose={onClose}>
      <div className="grid grid-cols-1 gap-5">
        {error ? <Notice kind="danger">{errorText(error)}</Notice> : null}
        <form
          className="flex items-end gap-3"
          onSubmit={(event) => {
            event.preventDefault();
            rename.mutate({ projectId: project.id, name });
          }}
        >
          <div className="min-w-0 flex-1">
            <Field label="Name" value={name} maxLength={200} required onChange={(event) => setName(event.target.value)} />
          </div>
          <Button type="submit" busy={rename.isPending} disabled={name.trim() === '' || name === project.name}>
            Rename
          </Button>
        </form>
        <label className="grid grid-cols-1 gap-1.5 text-sm font-medium">
          When the computer is away
          <select
            className={fieldClass}
            value={fallback === null ? '' : fallback ? 'yes' : 'no'}
            onChange={({ target }) =>
              update.mutate({ projectId: project.id, fallbackToCloud: target.value === '' ? null : target.value === 'yes' })
            }
          >
            {FALLBACK.map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </label>
        {project.attachments.map(({ deviceId, deviceName, folderName }) => (
          <div key={deviceId} className="flex items-center justify-between gap-3 text-sm">
            <span className="min-w-0 break-words">
              {folderName} on {deviceName}
            </span>
            <Button busy={unlink.isPending} onClick={() => unlink.mutate({ projectId: project.id, deviceId })}>
              Unlink
            </Button>
          </div>
        ))}
        <DeletedDocuments project={project} />
        <div className="border-t border-line pt-4">
          {sure ? (
            <div className="grid grid-cols-1 gap-3 text-sm">
              <p>The project and its documents go from every device’s list. Files in linked folders stay on the computers.</p>
              <Button look="danger" busy={remove.isPending} onClick={() => remove.mutate({ projectId: project.id })}>
                Remove “{project.name}”
              </Button>
            </div>
          ) : (
            <Button look="danger" onClick={() => setSure(true)}>
              Remove the project…
            </Button>
          )}
        </div>
      </div>
    </Dialog>
  );
}
