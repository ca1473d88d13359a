import { router } from '../../trpc.ts';
import { listDocuments } from '../documents/read-documents.ts';
import { createProject, removeProject, renameProject, unlinkDevice, updateProjectSettings } from './change-project.ts';
import { createSample } from './create-sample.ts';
import { getProject, listProjects, projectManifest } from './read-projects.ts';
import { registerLocal } from './register-local.ts';

/** Projects and the folders linked to them. */
export const projectsRouter = router({
  list: listProjects,
  get: getProject,
  documents: listDocuments,
  manifest: projectManifest,
  create: createProject,
  createSample,
  registerLocal,
  rename: renameProject,
  updateSettings: updateProjectSettings,
  unlinkDevice,
  remove: removeProject,
});
