import { z } from 'zod';

/** Ids made by us are UUIDs; those made by a client before it sends (runs, documents) are UUIDv7, so that they sort by time. */
export const id = z.uuid();

/** RU2: a client-made UUIDv7. */
export const uuidv7 = z.uuidv7();

/** Dates travel as ISO strings over REST and as Date through superjson. */
export const instant = z.coerce.date();
