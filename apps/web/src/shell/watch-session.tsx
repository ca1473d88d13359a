'use client';

import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { keepForPerson } from '../data/kept-for.ts';
import { trpc } from '../data/trpc.ts';

/** What this browser keeps belongs to one person: another one who signs in here finds nothing of it. */
export function WatchSession() {
  const client = useQueryClient();
  const me = trpc.auth.me.useQuery();
  const id = me.data?.id;
  useEffect(() => {
    if (!id || me.isStale) return;
    void keepForPerson(id).then((changed) => (changed ? client.resetQueries() : undefined));
  }, [id, me.isStale, client]);
  return null;
}
