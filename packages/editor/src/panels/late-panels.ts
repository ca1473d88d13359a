export { VersionHistory } from '../versions/version-history.tsx';
export { RunHistory } from './run-history.tsx';
export { Variables } from './variables.tsx';
