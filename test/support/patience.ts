// Set-up of every test file: how long it waits for what must happen.
//
// A wait ends with the event, so that its limit costs time only where a test fails; the second that
// vitest allows is a guess at the machine's speed.
import { vi } from "vitest";

const PATIENCE = { timeout: 60_000, interval: 20 };

const { waitFor } = vi;
vi.waitFor = (callback, options) =>
  waitFor(callback, typeof options === "number" ? options : { ...PATIENCE, ...options });
