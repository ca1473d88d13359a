'use client';

import { Button } from '../../ui/button.tsx';
import { errorText, Notice } from '../../ui/notice.tsx';
import { Empty } from '../../ui/page.tsx';
import { ConnectComputer } from './connect-computer.tsx';
import { NewProject } from './new-project.tsx';
import { useCreateProject } from './use-create-project.ts';

/** WB1: what a new person sees: a working sample in one tap, an empty project, or their own folders. */
export function FirstSteps() {
  const { sample } = useCreateProject();
  return (
    <div className="grid grid-cols-1 gap-6">
      <Empty
        title="Notebooks that run, on every screen you have"
        action={
          <>
            <Button look="primary" data-testid="sample-project" busy={sample.isPending} onClick={() => sample.mutate()}>
              Try the sample project
            </Button>
            <NewProject look="plain" />
          </>
        }
      >
        Documents are plain markdown. Their cells run on your computer, or in the cloud when it is away.
      </Empty>
      {sample.error ? <Notice kind="danger">{errorText(sample.error)}</Notice> : null}
      <ConnectComputer />
    </div>
  );
}
