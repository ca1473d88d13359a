import type { BridgeApi } from '../bridge/bridge-api.ts';
import type { ApiClient } from './api-client.ts';

/** What a folder bridge asks, over the server's procedures. */
export const bridgeApi = (api: ApiClient): BridgeApi => ({
  register: (input) => api.call('projects.registerLocal', input),
  manifest: (projectId) => api.call('documents.list', { projectId }),
  seed: (projectId, items) => api.call('documents.seed', { projectId, items: [...items] }),
  rename: (documentId, path) => api.call('documents.rename', { documentId, path }),
  remove: async (documentId) => {
    await api.call('documents.remove', { documentId });
  },
  keepVersions: async (items) => {
    await api.call('documents.versions.keep', { reason: 'outside_change', items: [...items] });
  },
  ticket: (documentId) => api.call('documents.ticket', { documentId }),
});
