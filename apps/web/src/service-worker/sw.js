/*
 * WB4: MarkCo starts without a network. Keeps the shell (one page that serves every address of the app) and the build's
 * scripts and styles. What people write is kept by the page in IndexedDB, never here; /api and sign-in pass through.
 * Served by the web process with the build's id and files filled in; a new version takes over at the next launch.
 */
const BUILD = __BUILD__;
const ASSETS = __ASSETS__;
const CACHE = `markco-${BUILD}`;
const SHELL = '/';
const ICONS = ['/icons/icon.svg', '/icons/icon-192.png'];
/** The addresses the shell can show; everything else needs the server. */
const APP = /^\/(?:$|p\/|runs(?:\/|$)|devices$|settings$)/;
/** A navigation waits this long for the network before the kept shell answers, in ms. */
const PATIENCE = 3_000;

const isPage = (response) => response.ok && !response.redirected && response.type === 'basic';

async function keepShell() {
  const cache = await caches.open(CACHE);
  const page = await fetch(SHELL, { cache: 'no-store', credentials: 'same-origin' });
  // Signed out, the shell is the sign-in page: there is nothing to keep yet.
  if (!isPage(page)) throw new Error('The shell could not be kept: not signed in.');
  await cache.put(SHELL, page);
  await cache.addAll([...ASSETS, ...ICONS]);
}

self.addEventListener('install', (event) => event.waitUntil(keepShell()));

self.addEventListener('activate', (event) => {
  const tidy = async () => {
    for (const name of await caches.keys()) if (name.startsWith('markco-') && name !== CACHE) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

async function answerNavigation(request) {
  const kept = await (await caches.open(CACHE)).match(SHELL);
  const live = fetch(request);
  if (!kept) return live;
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE, kept));
  // 502 to 504: a proxy answers while the server starts.
  const useful = live.then((response) => (response.status >= 502 && response.status <= 504 ? kept : response));
  return Promise.race([useful.catch(() => kept), late]);
}

async function answerAsset(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request);
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok && response.type === 'basic') await cache.put(request, response.clone());
  return response;
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (request.mode === 'navigate') {
    if (APP.test(url.pathname)) event.respondWith(answerNavigation(request));
  } else if (url.pathname.startsWith('/_next/static/') || url.pathname.startsWith('/icons/')) {
    event.respondWith(answerAsset(request));
  }
});

self.addEventListener('message', (event) => {
  if (event.data !== 'forget') return;
  event.waitUntil(caches.keys().then((names) => Promise.all(names.map((name) => caches.delete(name)))));
});
