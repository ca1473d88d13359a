import { authRouter } from './routers/auth/auth-router.ts';
import { devicesRouter } from './routers/devices/devices-router.ts';
import { documentsRouter } from './routers/documents/documents-router.ts';
import { projectsRouter } from './routers/projects/projects-router.ts';
import { runsRouter } from './routers/runs/runs-router.ts';
import { createCallerFactory, router } from './trpc.ts';

/** Every procedure that pages, the desktop, devices and scripts may call; over REST the same ones (http/rest-map.ts). */
export const appRouter = router({
  auth: authRouter,
  projects: projectsRouter,
  documents: documentsRouter,
  runs: runsRouter,
  devices: devicesRouter,
});
export type AppRouter = typeof appRouter;

/** Calls procedures from inside the process, with a context of the caller's making. */
export const createCaller = createCallerFactory(appRouter);
