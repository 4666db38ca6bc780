// A process of its own that works on a session until it is killed: its arguments are the options
// of the table storage and the session. It tells its parent after each step which group it is at.
import { openTableStorage, type TableStorageOptions } from "../../src/adaptors/table-storage.ts";
import { sessionId } from "../../src/domain/ids.ts";
import { runGroup } from "../contracts/table-storage/life.ts";

const [options = "", session = ""] = process.argv.slice(2);
const tables = await openTableStorage(JSON.parse(options) as TableStorageOptions);
for (let group = 0; ; group++) {
  await runGroup(tables, sessionId(session), group, () => process.send?.(group));
}
