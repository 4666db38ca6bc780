import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { openGrid } from "../open-grid.ts";
import { refusalOf } from "../refusal.ts";

it("tells of a broken feed after a pause, since waiting clients subscribe again at once", async () => {
  await using grid = await openGrid();
  const open = Promise.withResolvers<void>();
  const read = async () => {
    const stream = grid.events.getEvents({ sessionId: "s" }, { onHeader: () => open.resolve() });
    for await (const _ of stream);
  };
  const refusal = refusalOf(read());
  await open.promise;
  const brokenAt = performance.now();
  // Written and swept at once: no reader can have seen it.
  using database = new DatabaseSync(join(grid.path, "table.db"), { timeout: 10_000 });
  database.exec(`BEGIN IMMEDIATE;
    INSERT INTO changes (session_id, written_at, body) VALUES ('any', 0, '[]');
    DELETE FROM changes; COMMIT`);
  expect(await refusal).toEqual({
    status: "UNAVAILABLE",
    details: "A service behind this one is away: the feed of changes broke: subscribe again",
  });
  expect(performance.now() - brokenAt).toBeGreaterThan(950);
});
