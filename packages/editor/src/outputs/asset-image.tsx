import type { RunEventBody } from '@markco/core/run/run-event';
import { type ReactNode, useEffect, useState } from 'react';
import { useSession } from '../session.tsx';
import { ZoomImage } from './zoom-image.tsx';

type Asset = Extract<RunEventBody, { kind: 'asset' }>;

/** RU19: an image that a run stored, at its stored size; other files are links. */
export function AssetImage({ asset }: { asset: Asset }): ReactNode {
  const { host, open } = useSession();
  const [url, setUrl] = useState<string | null | undefined>(undefined);
  useEffect(() => {
    let current = true;
    host.assetUrl({ assetId: asset.assetId, documentId: open.id, ...(asset.path && { path: asset.path }) }).then(
      (found) => current && setUrl(found),
      () => current && setUrl(null),
    );
    return () => {
      current = false;
    };
  }, [host, open.id, asset.assetId, asset.path]);
  const name = asset.alt ?? asset.name ?? 'Plot';
  const size = asset.width && asset.height ? { width: asset.width, height: asset.height } : null;
  if (asset.mimeType.startsWith('image/')) return <ZoomImage src={url ?? null} alt={name} size={size} missing={url === null} />;
  if (!url) return <p className="mk-note">{url === null ? `File not available: ${name}` : name}</p>;
  return (
    <a className="mk-link" href={url} target="_blank" rel="noopener noreferrer">
      {name}
    </a>
  );
}
