const ALIASES: Record<string, string> = {
  py: 'python',
  python3: 'python',
  ipython: 'python',
  sh: 'bash',
  shell: 'bash',
  zsh: 'bash',
  jl: 'julia',
  javascript: 'js',
  node: 'js',
};

/** One name a language, so that a `py` cell finds a `python` runtime and its session. */
export function canonicalLanguage(language: string): string {
  const lower = language.trim().toLowerCase();
  return ALIASES[lower] ?? lower;
}
