'use client';

import { useState } from 'react';
import { trpc } from '../data/trpc.ts';
import { Button, buttonClass } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { errorText, Notice } from '../ui/notice.tsx';
import { aboutDevice } from './about-device.ts';

/** Asks for the code, names the device behind it, and lets the person decide. `given`: the code from the link. */
export function LetDeviceIn({ given }: { given: string | null }) {
  const [typed, setTyped] = useState(given ?? '');
  const [code, setCode] = useState(given);
  const lookup = trpc.auth.deviceLookup.useQuery(
    { userCode: code ?? '' },
    { enabled: code !== null, retry: false, staleTime: Number.POSITIVE_INFINITY },
  );
  const decide = trpc.auth.deviceDecide.useMutation();
  if (decide.data) {
    return (
      <div className="grid grid-cols-1 gap-4">
        <Notice kind={decide.data.approved ? 'ok' : 'info'}>
          {decide.data.approved ? 'It is connected. You can go back to it.' : 'It was not let in.'}
        </Notice>
        <a className={buttonClass('primary')} href="/devices">
          See your devices
        </a>
      </div>
    );
  }
  if (code !== null && lookup.data) {
    const answer = (approve: boolean) => decide.mutate({ userCode: code, approve });
    return (
      <div className="grid grid-cols-1 gap-4 text-sm">
        <p>
          <strong className="text-base" data-testid="device-name">
            {lookup.data.name}
          </strong>{' '}
          ({aboutDevice(lookup.data)}) wants to sign in as you, with the code{' '}
          <code className="font-mono text-base">{code.toUpperCase()}</code>.
        </p>
        <p>
          It will read and write your documents and run cells for you. Let it in only if you started this, and the device shows the same
          code.
        </p>
        {decide.error ? <Notice kind="danger">{errorText(decide.error)}</Notice> : null}
        <div className="flex flex-wrap gap-3">
          <Button
            look="primary"
            data-testid="device-approve"
            busy={decide.isPending && decide.variables.approve}
            onClick={() => answer(true)}
          >
            Let it in
          </Button>
          <Button
            look="danger"
            data-testid="device-deny"
            busy={decide.isPending && !decide.variables.approve}
            onClick={() => answer(false)}
          >
            Refuse
          </Button>
        </div>
      </div>
    );
  }
  return (
    <form
      className="grid grid-cols-1 gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        setCode(typed.trim());
      }}
    >
      {lookup.error ? <Notice kind="danger">{errorText(lookup.error)}</Notice> : null}
      <Field
        label="The code your device shows"
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setCode(null);
        }}
        required
        maxLength={20}
        autoComplete="one-time-code"
        autoCapitalize="characters"
        spellCheck={false}
        placeholder="ABCD-EFGH"
        className="text-center font-mono text-xl tracking-widest uppercase"
      />
      <Button look="primary" type="submit" busy={code !== null && lookup.isFetching}>
        Continue
      </Button>
    </form>
  );
}
