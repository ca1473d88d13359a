import type { MetadataRoute } from 'next';

/** WB4: MarkCo as an app on the home screen. */
export default function manifest(): MetadataRoute.Manifest {
  return {
    id: '/',
    name: 'MarkCo',
    short_name: 'MarkCo',
    description: 'Executable markdown notebooks on every screen you have.',
    start_url: '/',
    scope: '/',
    display: 'standalone',
    background_color: '#fbfaf8',
    theme_color: '#1f5fbf',
    categories: ['productivity', 'developer', 'education'],
    icons: [
      { src: '/icons/icon-192.png', sizes: '192x192', type: 'image/png', purpose: 'any' },
      { src: '/icons/icon-512.png', sizes: '512x512', type: 'image/png', purpose: 'any' },
      { src: '/icons/maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
      { src: '/icons/icon.svg', sizes: 'any', type: 'image/svg+xml', purpose: 'any' },
    ],
    screenshots: [
      { src: '/screenshots/phone.png', sizes: '720x1560', type: 'image/png', form_factor: 'narrow', label: 'A notebook on the phone' },
      { src: '/screenshots/desktop.png', sizes: '1440x900', type: 'image/png', form_factor: 'wide', label: 'A notebook on a wide screen' },
    ],
    shortcuts: [
      { name: 'Runs', url: '/runs' },
      { name: 'Devices', url: '/devices' },
    ],
  };
}
