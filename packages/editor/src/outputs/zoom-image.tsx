import { type ReactNode, useState } from 'react';
import { Dialog } from '../ui/dialog.tsx';

type Props = { src: string | null; alt: string; size: { width: number; height: number } | null; missing?: boolean };

/** WB5, WB6: an image that keeps its place while it loads, and opens large on a tap. */
export function ZoomImage({ src, alt, size, missing }: Props): ReactNode {
  const [zoomed, setZoomed] = useState(false);
  const box = size ? { aspectRatio: `${size.width} / ${size.height}`, width: size.width } : undefined;
  if (missing) return <p className="mk-note">Image not available: {alt}</p>;
  return (
    <>
      <button type="button" className="mk-image-button" style={box} aria-label={`Enlarge: ${alt}`} onClick={() => setZoomed(true)}>
        {src && <img src={src} alt={alt} width={size?.width} height={size?.height} />}
      </button>
      {zoomed && src && (
        <Dialog label={alt} kind="full" onClose={() => setZoomed(false)}>
          <div className="mk-zoom">
            <img src={src} alt={alt} />
          </div>
        </Dialog>
      )}
    </>
  );
}
