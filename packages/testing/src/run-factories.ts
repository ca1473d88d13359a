import { createHash, randomUUID } from 'node:crypto';
import type { Principal } from '@markco/api/auth/principal';
import type { Resources } from '@markco/api/resources';
import { seedColumns } from '@markco/api/routers/documents/new-document';
import { type CreateRunInput, createRunInput, type RunRequest } from '@markco/core/run/run';
import { type AgentTransport, callerTransport, FakeDevice, type FakeDeviceOptions } from './fake-device.ts';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A person's project with one document in it. */
export interface TestProject {
  projectId: string;
  documentId: string;
  slug: string;
  docPath: string;
  epoch: string;
}

/** Makes a project of `owner` with a document that holds `text`. */
export async function makeProject(
  resources: Resources,
  owner: Pick<Principal, 'userId'>,
  text = '```python\n1\n```\n',
): Promise<TestProject> {
  const slug = `project-${randomUUID().slice(0, 8)}`;
  const { userId } = owner;
  const project = await resources.db.project.create({ data: { userId, slug, name: 'Project' } });
  const docPath = 'notes.md';
  const seed = seedColumns(text);
  const document = await resources.db.document.create({ data: { ...seed, userId, projectId: project.id, project: slug, docPath } });
  return { projectId: project.id, documentId: document.id, slug, docPath, epoch: seed.epoch };
}

/** A run request that passes every check. */
export function makeRequest(resources: Resources, project: TestProject, over: Partial<CreateRunInput> = {}): RunRequest {
  const code = over.code ?? '1';
  return createRunInput.parse({
    runId: resources.newId(),
    projectId: project.projectId,
    documentId: project.documentId,
    epoch: project.epoch,
    language: 'python',
    code,
    codeHash: sha256(code),
    ...over,
  });
}

/** A device row of `owner`, attached to the projects, with its principal and a fake device that is not connected yet. */
export async function makeDevice(
  resources: Resources,
  owner: Pick<Principal, 'userId'>,
  projects: readonly TestProject[],
  options: Partial<FakeDeviceOptions> & { transport?: (principal: Principal) => AgentTransport } = {},
): Promise<{ device: FakeDevice; principal: Principal; deviceId: string }> {
  const { userId } = owner;
  const name = options.name ?? 'MacBook Pro';
  const row = await resources.db.device.create({ data: { userId, name, kind: 'desktop', platform: 'darwin' } });
  for (const { projectId } of projects) {
    await resources.db.attachment.create({ data: { projectId, deviceId: row.id, rootId: randomUUID(), folderName: 'project' } });
  }
  const familyId = randomUUID();
  await resources.db.refreshToken.create({
    data: { familyId, userId, deviceId: row.id, tokenHash: randomUUID(), expiresAt: new Date(Date.now() + 86_400_000) },
  });
  const principal: Principal = { userId, kind: 'device', sid: row.id, deviceId: row.id, familyId, userName: null };
  const transport = options.transport?.(principal) ?? callerTransport(resources, principal);
  const projectIds = projects.map((p) => p.projectId);
  const device = new FakeDevice(transport, {
    name,
    kind: 'desktop',
    projectIds,
    ...options,
    deviceId: row.id,
    userId,
  });
  return { device, principal, deviceId: row.id };
}

/** A cloud worker, not connected yet; its row is made when it registers. */
export async function makeWorker(
  resources: Resources,
  options: Partial<FakeDeviceOptions> = {},
): Promise<{ device: FakeDevice; principal: Principal; deviceId: string }> {
  const service = await resources.db.user.create({ data: { kind: 'service', name: 'Cloud' } });
  const token = await resources.db.accessToken.create({
    data: { userId: service.id, name: 'worker', tokenHash: randomUUID(), scope: 'worker' },
  });
  const principal: Principal = { userId: service.id, kind: 'worker', sid: token.id, userName: null };
  const deviceId = randomUUID();
  const device = new FakeDevice(callerTransport(resources, principal), {
    name: 'worker-1',
    kind: 'worker',
    ...options,
    deviceId,
    userId: service.id,
  });
  return { device, principal, deviceId };
}
