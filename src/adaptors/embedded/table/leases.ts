import type { LeaseTable } from "../../ports/table/leases.ts";
import type { Store } from "./store.ts";

const RENEW = `INSERT INTO leases (holder, until) VALUES (?, ?)
  ON CONFLICT DO UPDATE SET until = excluded.until`;
const RELEASE = "DELETE FROM leases WHERE holder = ?";

export const leaseTable = (store: Store): LeaseTable => ({
  async renew(holder, ttlMs) {
    await store.write(() => void store.sql(RENEW).run(holder, store.now() + ttlMs));
  },
  async release(holder) {
    await store.write(() => void store.sql(RELEASE).run(holder));
  },
});
