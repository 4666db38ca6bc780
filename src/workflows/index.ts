// What the Temporal worker serves: each export is a workflow, under its own name.
export { session } from "./session.ts";
