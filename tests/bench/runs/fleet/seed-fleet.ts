import { randomUUID } from 'node:crypto';
import { createAccessToken } from '@markco/api/auth/create-access-token';
import { signDeviceToken } from '@markco/api/auth/device-token';
import { seedColumns } from '@markco/api/routers/documents/new-document';
import { FakeDevice } from '@markco/testing/fake-device';
import { socketTransport } from '@markco/testing/socket-transport';
import type { Fleet } from './fleet.ts';

/** A person with a project of one document, computers that hold it, and a token for scripts. */
export interface Person {
  readonly userId: string;
  readonly token: string;
  readonly place: { readonly projectId: string; readonly documentId: string; readonly epoch: string };
  readonly devices: readonly FakeDevice[];
}

const SLUG = 'bench';

/**
 * Makes people whose computers are signed in: the rows and tokens a sign-in would leave. The computers are not connected yet; they
 * reach the server over a real socket, run whatever they are granted, and end it at once.
 */
export async function seedPeople(fleet: Fleet, count: number, devicesEach: number): Promise<Person[]> {
  const { db } = fleet;
  const people = Array.from({ length: count }, () => ({ userId: randomUUID(), projectId: randomUUID(), documentId: randomUUID() }));
  const signedIn = people.flatMap((person) =>
    Array.from({ length: devicesEach }, () => ({ ...person, deviceId: randomUUID(), familyId: randomUUID() })),
  );
  const seed = seedColumns('# Bench\n\n```python\nprint(1)\n```\n');
  await db.user.createMany({ data: people.map(({ userId }) => ({ id: userId, name: 'Bench', fallbackToCloud: false })) });
  await db.project.createMany({ data: people.map(({ userId, projectId }) => ({ id: projectId, userId, slug: SLUG, name: 'Bench' })) });
  await db.document.createMany({
    data: people.map(({ userId, projectId, documentId }) => ({
      ...{ ...seed, id: documentId, userId, projectId },
      ...{ project: SLUG, docPath: 'bench.md' },
    })),
  });
  await db.device.createMany({
    data: signedIn.map(({ deviceId, userId }) => ({ id: deviceId, userId, name: 'Laptop', kind: 'headless', platform: 'linux' })),
  });
  await db.attachment.createMany({
    data: signedIn.map(({ deviceId, projectId }) => ({ projectId, deviceId, rootId: randomUUID(), folderName: 'bench' })),
  });
  const expiresAt = new Date(Date.now() + 86_400_000);
  await db.refreshToken.createMany({
    data: signedIn.map(({ deviceId, userId, familyId }) => ({ deviceId, userId, familyId, tokenHash: randomUUID(), expiresAt })),
  });
  return Promise.all(
    people.map(async ({ userId, projectId, documentId }) => {
      const { token } = await createAccessToken(db, { userId, name: 'bench', now: new Date() });
      const devices = signedIn.filter((one) => one.userId === userId).map((one) => makeDevice(fleet, one));
      return { userId, token, place: { projectId, documentId, epoch: seed.epoch }, devices };
    }),
  );
}

function makeDevice(
  { url, secret }: Fleet,
  { userId, deviceId, familyId, projectId }: Record<'userId' | 'deviceId' | 'familyId' | 'projectId', string>,
): FakeDevice {
  const token = () => signDeviceToken(secret, { sub: userId, did: deviceId, fam: familyId, name: 'Bench' }, new Date());
  return new FakeDevice(socketTransport(url, token), { deviceId, userId, projectIds: [projectId] });
}

/** Connects computers, so many at a time. */
export async function connectDevices(devices: readonly FakeDevice[], atOnce = 20): Promise<void> {
  const waiting = [...devices];
  const next = async () => {
    for (let device = waiting.pop(); device; device = waiting.pop()) await device.connect();
  };
  await Promise.all(Array.from({ length: atOnce }, next));
}

/** Takes them away again. */
export const disconnectDevices = (devices: readonly FakeDevice[]): Promise<unknown> =>
  Promise.all(devices.map((device) => device.disconnect()));
