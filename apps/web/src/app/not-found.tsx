import { buttonClass } from '../ui/button.tsx';
import { Entry } from '../ui/entry.tsx';

export default function NotFound() {
  return (
    <Entry title="There is nothing here">
      <p className="mb-4 text-sm text-muted">The address is wrong, or what was here is gone.</p>
      <a className={buttonClass('primary')} href="/">
        To your projects
      </a>
    </Entry>
  );
}
