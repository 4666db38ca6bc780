import { ApplicationFailure } from "@temporalio/activity";
import type { ActivityInterceptorsFactory } from "@temporalio/worker";
import { GridError } from "../domain/errors.ts";

/** A refusal stays one however often it is asked for; what is merely away comes back. */
const isFinalRefusal = (error: unknown): error is GridError =>
  error instanceof GridError && error.status !== "UNAVAILABLE";

/** To Temporal: refusals are not retried and keep their code, everything else is left to its retries. */
export const refusalsAreFinal: ActivityInterceptorsFactory = () => ({
  inbound: {
    async execute(input, next) {
      try {
        return await next(input);
      } catch (error) {
        if (isFinalRefusal(error)) throw ApplicationFailure.nonRetryable(error.message, error.code);
        throw error;
      }
    },
  },
});
