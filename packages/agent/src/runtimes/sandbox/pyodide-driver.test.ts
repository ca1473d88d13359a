import { mrpConformance } from '@markco/testing/mrp-conformance';
import { createPyodideDriver } from './pyodide-driver.ts';

// Pyodide has no packages without the network.
const features = { processes: false, matplotlib: false, pandas: false } as const;
const start = (isolation: 'process' | 'bubblewrap') => createPyodideDriver({ isolation }).start({ session: 'default' });

mrpConformance('sandbox (Pyodide)', () => start('process'), features);
