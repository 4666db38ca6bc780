// A bench that starts a program with a child of its own, says their ids, and then does as it is told:
// argv: "wait", "fail", "succeed", or "end", which ends the program and waits.
import { once } from "node:events";
import type { Readable } from "node:stream";
import { inScope } from "../../bench/support/scope.ts";

const [what] = process.argv.slice(2);
try {
  await inScope(async (scope) => {
    const folder = scope.folder("test");
    // As with `grid dev`, the child has a process group of its own, and goes a little later.
    const child = 'setsid sh -c "while kill -0 $$ 2>/dev/null; do sleep 0.3; done"';
    const script = `${child} & echo "$$ $!"; wait`;
    const program = scope.start(["/bin/sh", "-c", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [pids] = (await once(program.stdout as Readable, "data")) as [Buffer];
    process.stdout.write(`${pids.toString().trim()} ${folder}\n`);
    if (what === "fail") throw new Error("as told");
    if (what === "end") {
      await scope.end(program);
      process.stdout.write("ended\n");
    }
    if (what !== "succeed") await new Promise((resolve) => setTimeout(resolve, 1_000_000));
  });
  process.exit(0);
} catch {
  process.exit(1);
}
