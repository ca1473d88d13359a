/** Builds the desktop app into `dist/`: main, preload, the agent's process and the window. `node build.mjs`; needs no network. */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';
import postcss from 'postcss';

const HERE = import.meta.dirname;
const ROOT = join(HERE, '../..');
const DIST = join(HERE, 'dist');
const require = createRequire(import.meta.url);

/** Kept out of the bundle: native code, or files they load beside themselves. Installed next to the packaged app. */
const NATIVE = ['@parcel/watcher', 'lmdb', '@napi-rs/keyring', 'pyodide', 'trash'];
/** Files of our packages that run as they are, at the same place relative to their sources. */
const RUNTIME_FILES = ['packages/agent/runtime/markco_mrp.py'];

const common = { bundle: true, sourcemap: true, logLevel: 'warning', legalComments: 'none', absWorkingDir: ROOT };
const node = { ...common, platform: 'node', target: 'node22', external: ['electron', ...NATIVE] };
/** Bundled CommonJS modules ask for Node's own ones. */
const REQUIRE = "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

/** Sources find files beside themselves by `import.meta.url`; in the bundle that is the same place below `dist/`. */
const keepPlaces = {
  name: 'keep-places',
  setup: ({ onLoad }) => {
    onLoad({ filter: /packages[\\/](?:agent|sync)[\\/]src[\\/].*\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      if (!source.includes('import.meta.url')) return null;
      const place = JSON.stringify(`./${relative(ROOT, path).replaceAll('\\', '/')}`);
      return { loader: 'ts', contents: source.replaceAll('import.meta.url', `new URL(${place}, import.meta.url).href`) };
    });
  },
};

/** Tailwind's own pages of CSS are made here; the rest is bundled by esbuild. */
const tailwind = {
  name: 'tailwind',
  setup: ({ onLoad }) => {
    onLoad({ filter: /tailwind\.css$/ }, async ({ path }) => {
      const plugin = require('@tailwindcss/postcss');
      const made = await postcss([(plugin.default ?? plugin)({ base: dirname(path) })]).process(readFileSync(path, 'utf8'), { from: path });
      return { loader: 'css', contents: made.css };
    });
  },
};

/** What the packaged app installs beside itself, in the versions of the workspace. */
function packagedManifest() {
  const own = JSON.parse(readFileSync(join(HERE, 'package.json'), 'utf8'));
  const agent = JSON.parse(readFileSync(join(ROOT, 'packages/agent/package.json'), 'utf8'));
  const dependencies = Object.fromEntries(['@parcel/watcher', 'lmdb', 'trash'].map((name) => [name, agent.dependencies[name]]));
  const { name, version } = own;
  return { name, version, productName: 'MarkCo', type: 'module', main: 'main.js', author: 'MarkCo', dependencies };
}

/** @param {string} outdir where to build to; `dist/` by default */
export async function buildDesktop(outdir = DIST) {
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(join(outdir, 'renderer'), { recursive: true });
  const src = (name) => join(HERE, 'src', name);
  await Promise.all([
    build({ ...node, entryPoints: [src('main/main.ts')], outfile: join(outdir, 'main.js'), format: 'esm', banner: { js: REQUIRE } }),
    build({ ...node, entryPoints: [src('preload/preload.ts')], outfile: join(outdir, 'preload.cjs'), format: 'cjs', sourcemap: false }),
    build({
      ...{ ...node, entryPoints: [src('agent/agent-main.ts')], outfile: join(outdir, 'agent.js'), format: 'esm', banner: { js: REQUIRE } },
      plugins: [keepPlaces],
    }),
    build({
      ...{ ...node, entryPoints: [join(ROOT, 'packages/sync/src/store/fold-worker.mjs')], format: 'esm' },
      outfile: join(outdir, 'packages/sync/src/store/fold-worker.mjs'),
    }),
    build({
      ...{ ...common, platform: 'browser', target: 'chrome140', format: 'esm', splitting: true, minify: true, jsx: 'automatic' },
      ...{ entryPoints: { renderer: src('renderer/main.tsx') }, outdir: join(outdir, 'renderer') },
      ...{ chunkNames: '[name]-[hash]', assetNames: '[name]-[hash]', loader: { '.woff2': 'file', '.woff': 'empty', '.ttf': 'empty' } },
      ...{ define: { 'process.env.NODE_ENV': '"production"' }, plugins: [tailwind] },
    }),
  ]);
  for (const file of RUNTIME_FILES) cpSync(join(ROOT, file), join(outdir, file));
  cpSync(src('renderer/index.html'), join(outdir, 'renderer/index.html'));
  cpSync(join(HERE, 'assets/icon.png'), join(outdir, 'icon.png'));
  writeFileSync(join(outdir, 'package.json'), `${JSON.stringify(packagedManifest(), null, 2)}\n`);
  if (!existsSync(join(outdir, 'renderer/renderer.css'))) throw new Error('The styles of the window were not built.');
}

if (process.argv[1] === import.meta.filename) await buildDesktop();
