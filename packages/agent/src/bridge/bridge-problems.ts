/** Something the person should know or decide. `path` null: the folder as a whole. */
export interface BridgeProblem {
  readonly kind:
    | 'conflict'
    | 'kept'
    | 'too_large'
    | 'read_only'
    | 'not_portable'
    | 'refused'
    | 'disk'
    | 'folder_missing'
    | 'sign_in'
    | 'decision';
  readonly path: string | null;
  readonly message: string;
}

/** FB7: removals that wait for the person's word. */
export interface RemovalDecision {
  readonly id: string;
  /** `here`: files went from the folder; `there`: documents were deleted elsewhere. */
  readonly side: 'here' | 'there';
  readonly paths: readonly string[];
}

/** What a bridge has to tell, each thing once. */
export class BridgeProblems {
  readonly #all = new Map<string, BridgeProblem>();
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  list(): BridgeProblem[] {
    return [...this.#all.values()];
  }

  add(problem: BridgeProblem): void {
    const key = keyOf(problem.kind, problem.path);
    if (this.#all.get(key)?.message === problem.message) return;
    this.#all.set(key, problem);
    this.#onChange();
  }

  clear(kind: BridgeProblem['kind'], path: string | null): void {
    if (this.#all.delete(keyOf(kind, path))) this.#onChange();
  }

  /** Replaces all problems of these kinds, as a fresh look at the folder found them. */
  replace(kinds: readonly BridgeProblem['kind'][], found: readonly BridgeProblem[]): void {
    for (const problem of this.list()) {
      if (kinds.includes(problem.kind) && !found.some((other) => other.kind === problem.kind && other.path === problem.path)) {
        this.clear(problem.kind, problem.path);
      }
    }
    for (const problem of found) this.add(problem);
  }
}

function keyOf(kind: string, path: string | null): string {
  return `${kind}\n${path ?? ''}`;
}
