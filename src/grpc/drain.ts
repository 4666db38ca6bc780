// The gate that every call passes.
//
//   DR1. After `begin()` no call gets in: it is refused with DRAINING.
//   DR2. `idle()` resolves when no call is inside.
//   DR3. A call inside is not disturbed; one that would never end by itself watches `draining`.
import { GridError } from "../domain/errors.ts";

/** What services find in their call context besides nice-grpc's own. */
export interface DrainContext {
  /** Aborts when the server starts to drain: endless streams throw its reason, and so end. */
  readonly draining: AbortSignal;
}

export interface Drain {
  readonly draining: AbortSignal;
  begin(): void;
  /** Counts a call in, also one that is refused: its refusal has to get out. */
  enter(): void;
  leave(): void;
  /** @throws {GridError} DRAINING */
  refuseIfDraining(): void;
  idle(): Promise<void>;
}

export function createDrain(): Drain {
  const controller = new AbortController();
  const waiting: (() => void)[] = [];
  let inside = 0;

  return {
    draining: controller.signal,
    begin() {
      controller.abort();
    },
    enter() {
      inside += 1;
    },
    leave() {
      inside -= 1;
      if (inside === 0) for (const resolve of waiting.splice(0)) resolve();
    },
    refuseIfDraining() {
      if (controller.signal.aborted) throw new GridError("DRAINING", "call again");
    },
    idle() {
      if (inside === 0) return Promise.resolve();
      return new Promise((resolve) => {
        waiting.push(resolve);
      });
    },
  };
}
