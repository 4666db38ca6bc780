import { describe } from "vitest";
import { openTableStorage } from "../../src/adaptors/table-storage.ts";
import { tableStorageCuts } from "../contracts/table-storage/cuts.ts";
import { openDyingTables } from "../support/dying-tables.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

describe("embedded, cut between documents", () => {
  const path = temporaryFolder();
  tableStorageCuts({
    open: () => openTableStorage({ driver: "embedded", path: path() }),
    openDying: async () => openDyingTables(path()),
  });
});
