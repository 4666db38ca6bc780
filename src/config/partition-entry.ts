import { z } from "zod";
import { partitionId } from "../domain/ids.ts";

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

/** ArmoniK's deployments write the fields as `PodMax`; those of a pod configuration are data. */
const toFields = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [lowerFirst(key), field]));
};

/** A partition as environment variables and files give it: JSON text, or an object. */
export const PartitionEntry = z.preprocess(
  (value, context) => {
    if (typeof value !== "string") return toFields(value);
    try {
      return toFields(JSON.parse(value));
    } catch (error) {
      // Not swallowed: it becomes one of the configuration's validation errors.
      context.addIssue({ code: "custom", message: `must be JSON: ${String(error)}` });
      return z.NEVER;
    }
  },
  z.strictObject({
    partitionId: z.string().min(1).transform(partitionId),
    parentPartitionIds: z.array(z.string().min(1).transform(partitionId)).default([]),
    podReserved: z.int().min(0).default(0),
    podMax: z.int().min(0).default(0),
    preemptionPercentage: z.int().min(0).max(100).default(0),
    priority: z.int().min(0).default(0),
    podConfiguration: z.record(z.string(), z.string()).default({}),
  }),
);
