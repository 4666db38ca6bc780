// Usage: print-clock.ts FILE
//
// Prints what the clock of an embedded file says, and the wall clock, both less the monotonic clock
// of the machine.
import { openDatabase } from "../../src/adaptors/embedded/database/database.ts";

const [file = ""] = process.argv.slice(2);
await using db = openDatabase({ file, schema: "", durability: "NORMAL" });
const monotonic = Number(process.hrtime.bigint() / 1_000_000n);
process.stdout.write(JSON.stringify({ store: db.now() - monotonic, wall: Date.now() - monotonic }));
