import type { Metadata, Viewport } from 'next';
import type { ReactNode } from 'react';
import './globals.css';
import { Providers } from './providers.tsx';

// Every response has a nonce of its own (SE3), also "not found".
export const dynamic = 'force-dynamic';

export const metadata: Metadata = {
  title: { default: 'MarkCo', template: '%s · MarkCo' },
  description: 'Executable markdown notebooks that live on your desktop, your phone and the web at once.',
  applicationName: 'MarkCo',
  appleWebApp: { capable: true, title: 'MarkCo', statusBarStyle: 'default' },
  icons: { icon: '/icons/icon.svg', apple: '/icons/apple-touch-icon.png' },
  formatDetection: { telephone: false },
};

export const viewport: Viewport = {
  width: 'device-width',
  initialScale: 1,
  viewportFit: 'cover',
  interactiveWidget: 'resizes-content',
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#fbfaf8' },
    { media: '(prefers-color-scheme: dark)', color: '#17181a' },
  ],
};

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <Providers>{children}</Providers>
      </body>
    </html>
  );
}
