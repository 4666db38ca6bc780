/** Infrastructure fails and comes back; a task's own failure is data and never thrown. */
export const RETRY_FOREVER = {
  initialInterval: "200ms",
  maximumInterval: "10s",
  backoffCoefficient: 2,
} as const;
