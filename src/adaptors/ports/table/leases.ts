import type { HolderId } from "../../../domain/ids.ts";

/**
 * Which processes live, by the store's clock: a process renews its lease while it does, and what it
 * had begun is taken for abandoned when its lease has run out.
 */
export interface LeaseTable {
  /** The lease runs out `ttlMs` from now. One that has run out begins again. */
  renew(holder: HolderId, ttlMs: number): Promise<void>;
  /** The holder leaves: its lease has run out. */
  release(holder: HolderId): Promise<void>;
}
