import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { ProjectView } from '@markco/core/contract/projects';
import { readProjectFile, writeProjectFile } from '@markco/sync/file-store/root-files';
import type { BridgeApi } from './bridge-api.ts';
import type { BridgeContext } from './bridge-context.ts';

/**
 * FB1: makes the folder a project of the server, or finds the one it is, and notes it in the folder. Where it turns out to be another one
 * (another account, a deleted project), its documents are new there.
 */
export async function registerFolder(
  context: BridgeContext,
  api: BridgeApi,
  who: { name?: string; deviceId?: string },
): Promise<ProjectView> {
  const { root, store } = context;
  const file = (await readProjectFile(root)) ?? { rootId: randomUUID() };
  const { project } = await api.register({
    name: who.name ?? path.basename(root),
    rootId: file.rootId,
    ...(file.projectId ? { projectId: file.projectId } : {}),
    ...(who.deviceId ? { deviceId: who.deviceId } : {}),
    folderName: path.basename(root),
    manifest: store.documents(root).map((meta) => ({ path: meta.path, size: meta.stamp?.size ?? 0, hash: meta.textHash })),
  });
  if (file.projectId !== project.id || file.userId !== project.ownerId) {
    if (file.projectId && file.projectId !== project.id) for (const meta of store.documents(root)) await store.unlink(meta.documentId);
    await writeProjectFile(root, { ...file, projectId: project.id, userId: project.ownerId });
  }
  await store.addRoot({ dir: root, userId: project.ownerId, projectId: project.id, project: project.slug });
  return project;
}
