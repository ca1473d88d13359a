import { memo, type ReactNode } from 'react';
import type { OutputBlock, OutputModel } from '../runs/output-model.ts';
import { AssetImage } from './asset-image.tsx';
import { DisplayBlock } from './display-block.tsx';
import { ErrorBlock } from './error-block.tsx';
import { StreamBlock } from './stream-block.tsx';

/** Everything a run has put out, in order. */
export function OutputBlocks({ model, onOpenLog }: { model: OutputModel; onOpenLog?: () => void }): ReactNode {
  return (
    <>
      {model.blocks.map((block) => (
        <Block key={block.id} block={block} onOpenLog={onOpenLog} />
      ))}
      {model.limited > 0 && (
        <p className="mk-hidden-lines">
          {model.limited} more outputs are not drawn here
          {onOpenLog && (
            <button type="button" className="mk-link-button" onClick={onOpenLog}>
              open full log
            </button>
          )}
        </p>
      )}
    </>
  );
}

/** Blocks are values: what did not change is not drawn again while another grows. */
const Block = memo(function Block({ block, onOpenLog }: { block: OutputBlock; onOpenLog?: (() => void) | undefined }): ReactNode {
  switch (block.kind) {
    case 'stream':
      return <StreamBlock name={block.name} lines={block.text.lines} dropped={block.text.dropped} onOpenLog={onOpenLog} />;
    case 'display':
      return <DisplayBlock data={block.data} metadata={block.metadata} />;
    case 'asset':
      return <AssetImage asset={block.asset} />;
    case 'error':
      return <ErrorBlock name={block.error.name} message={block.error.message} traceback={block.error.traceback} />;
    case 'note':
      return <p className={block.tone === 'warning' ? 'mk-note mk-warning' : 'mk-note'}>{block.text}</p>;
    case 'answered':
      return (
        <p className="mk-note">
          {block.prompt} {block.shown !== null && <b>{block.shown}</b>} {block.by && `(answered on ${block.by})`}
        </p>
      );
  }
});
