'use client';

import { useState } from 'react';
import { trpc } from '../../data/trpc.ts';
import { Button } from '../../ui/button.tsx';
import { Field, fieldClass } from '../../ui/field.tsx';
import { errorText, Notice } from '../../ui/notice.tsx';

const LIVES = [
  ['30', '30 days'],
  ['90', '90 days'],
  ['365', 'A year'],
  ['', 'No end'],
] as const;

/** Names a token and says how long it lives; the token goes to `onMade` and nowhere else. */
export function NewToken({ onMade }: { onMade(token: string): void }) {
  const [name, setName] = useState('');
  const [days, setDays] = useState('90');
  const create = trpc.auth.accessTokens.create.useMutation({
    onSuccess: ({ token }) => {
      setName('');
      onMade(token);
    },
  });
  return (
    <form
      className="flex flex-wrap items-end gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate({ name: name.trim(), ...(days && { expiresInDays: Number(days) }) });
      }}
    >
      <div className="min-w-48 flex-1">
        <Field
          label="New token for"
          placeholder="what uses it"
          value={name}
          maxLength={100}
          required
          autoComplete="off"
          onChange={(event) => setName(event.target.value)}
        />
      </div>
      <label className="grid w-32 gap-1.5 text-sm font-medium">
        Valid for
        <select className={fieldClass} value={days} onChange={(event) => setDays(event.target.value)}>
          {LIVES.map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <Button type="submit" busy={create.isPending} disabled={name.trim() === ''}>
        Create
      </Button>
      {create.error ? <Notice kind="danger">{errorText(create.error)}</Notice> : null}
    </form>
  );
}
