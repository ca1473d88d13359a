'use client';

import { useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { errorText, Notice } from '../../ui/notice.tsx';
import { useCreateProject } from './use-create-project.ts';

/** Asks for a name and makes the project. */
export function NewProject({ look = 'primary' }: { look?: 'primary' | 'plain' }) {
  const [asking, setAsking] = useState(false);
  const [name, setName] = useState('');
  const { empty, sample } = useCreateProject();
  return (
    <>
      <Button look={look} data-testid="new-project" onClick={() => setAsking(true)}>
        New project
      </Button>
      {asking ? (
        <Dialog title="New project" onClose={() => setAsking(false)}>
          <form
            className="grid grid-cols-1 gap-4"
            onSubmit={(event) => {
              event.preventDefault();
              if (name.trim()) empty.mutate({ name: name.trim() });
            }}
          >
            <Field
              label="Name"
              name="name"
              required
              maxLength={200}
              autoComplete="off"
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
            {empty.error ? <Notice kind="danger">{errorText(empty.error)}</Notice> : null}
            {sample.error ? <Notice kind="danger">{errorText(sample.error)}</Notice> : null}
            <div className="flex flex-wrap justify-end gap-3">
              <Button data-testid="sample-project" busy={sample.isPending} onClick={() => sample.mutate()}>
                Use the sample
              </Button>
              <Button look="primary" type="submit" busy={empty.isPending}>
                Create
              </Button>
            </div>
          </form>
        </Dialog>
      ) : null}
    </>
  );
}
