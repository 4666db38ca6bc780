// The gate that every call passes.
//
//   D1. After `begin()` no call enters: it is refused with DRAINING.
//   D2. `idle()` resolves when no call is inside.
//   D3. A call inside is not disturbed; one that would never end by itself watches `draining`.
import type { CallContext, ServerMiddleware, ServerMiddlewareCall } from "nice-grpc";
import { GridError } from "../domain/errors.ts";

/** What services find in their call context besides nice-grpc's own. */
export interface DrainContext {
  /** Aborts when the server starts to drain: endless streams throw its reason, and so end. */
  readonly draining: AbortSignal;
}

export interface Drain {
  readonly middleware: ServerMiddleware<DrainContext>;
  readonly draining: AbortSignal;
  begin(): void;
  idle(): Promise<void>;
}

export function createDrain(): Drain {
  const controller = new AbortController();
  const draining = controller.signal;
  const waiting: (() => void)[] = [];
  let inside = 0;

  const leave = (): void => {
    inside -= 1;
    if (inside === 0) for (const resolve of waiting.splice(0)) resolve();
  };

  async function* gate<Request, Response>(
    call: ServerMiddlewareCall<Request, Response, DrainContext>,
    context: CallContext,
  ) {
    if (draining.aborted) throw new GridError("DRAINING", "call again");
    inside += 1;
    try {
      return yield* call.next(call.request, Object.assign(context, { draining }));
    } finally {
      leave();
    }
  }

  return {
    middleware: gate,
    draining,
    begin() {
      controller.abort();
    },
    idle() {
      if (inside === 0) return Promise.resolve();
      return new Promise((resolve) => {
        waiting.push(resolve);
      });
    },
  };
}
