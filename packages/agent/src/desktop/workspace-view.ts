import path from 'node:path';
import type { MeView } from '@markco/core/contract/auth';
import type { DocumentView, ProjectView } from '@markco/core/contract/projects';
import type { DeviceView, RuntimeInfo } from '@markco/core/device/device';
import type { ProjectConfig } from '@markco/core/project/mrmd-config';
import { titleOf } from '@markco/core/project/page-names';
import type { DocumentMeta } from '@markco/sync/file-store/document-meta';
import type { RemovalDecision } from '../bridge/bridge-problems.ts';
import { platformName } from '../machine.ts';

/** Who uses the window; null without an account (EL3). */
export type WindowIdentity = { userId: string; deviceId: string; userName: string | null } | null;

/** What the window shows of a folder. */
export interface WorkspaceView {
  root: string;
  project: ProjectView;
  config: ProjectConfig;
  me: MeView;
  documents: DocumentView[];
  devices: DeviceView[];
  problems: { path: string | null; message: string }[];
  decision: RemovalDecision | null;
}

/** Stand-ins where no server gave ids. */
const NOBODY = '00000000-0000-4000-8000-000000000001';
const THIS_COMPUTER = '00000000-0000-4000-8000-000000000002';

export const deviceIdOf = (identity: WindowIdentity): string => identity?.deviceId ?? THIS_COMPUTER;

export function documentView(meta: DocumentMeta, projectId: string): DocumentView {
  const at = new Date(meta.stamp?.mtimeMs ?? 0);
  return {
    ...{ id: meta.documentId, projectId, path: meta.path, title: titleOf(meta.path), epoch: meta.epoch },
    ...{ size: meta.stamp?.size ?? 0, contentHash: meta.textHash, updatedAt: at, createdAt: at, deletedAt: null, status: 'ok' },
  };
}

export function projectView(projectId: string, root: string, documents: readonly DocumentView[], identity: WindowIdentity): ProjectView {
  const name = path.basename(root);
  const last = Math.max(0, ...documents.map((document) => document.updatedAt.getTime()));
  return {
    ...{ id: projectId, slug: 'local', name, ownerId: identity?.userId ?? NOBODY, documentCount: documents.length },
    ...{ lastEditAt: last === 0 ? null : new Date(last), createdAt: new Date(0), fallbackToCloud: false, attachments: [] },
  };
}

export function meView(identity: WindowIdentity): MeView {
  return {
    ...{ id: identity?.userId ?? NOBODY, name: identity?.userName ?? 'You', email: null, image: null, isLocal: identity === null },
    ...{ settings: { fallbackToCloud: false, defaultTarget: null }, notices: [] },
  };
}

/** The only place the window's runs go to. */
export function deviceView(identity: WindowIdentity, name: string, projectId: string, runtimes: RuntimeInfo[]): DeviceView {
  return {
    ...{ id: deviceIdOf(identity), name, kind: 'desktop', platform: platformName(), presence: 'online', allowRuns: true, lastSeenAt: null },
    ...{ createdAt: new Date(0), agentVersion: null, runtimes, projectIds: [projectId] },
  };
}
