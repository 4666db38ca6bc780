// Ends the processes of a grid when their supervisor cannot do so any more.
//
//   GU1. It is a process of its own, in a group of its own: what kills the supervisor spares it.
//   GU2. When the supervisor is gone, however it died, the kernel closes a pipe; the guard sees it,
//       sends SIGTERM to every group that it was told of (and SIGCONT, since what is stopped does
//       not hear), and SIGKILL to what is left later, in sessions of its own too (Linux).
//   GU3. Told of nothing, it just ends.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";

export interface Guard extends AsyncDisposable {
  watch(group: number): void;
  forget(group: number): void;
  /** With it begins the value of `MARK` in the environment of all that it is told of. */
  readonly mark: string;
}

/** Names the variable by which what has left its group is known. */
export const MARK = "GRID_PROCESS_GROUP";

const GRACE_SECONDS = 8;

/** A shell, since it weighs 1 MB where Node weighs 40. Each line that it reads is the whole list. */
const SCRIPT = `
trap '' HUP INT TERM
end_strays() {
  for file in $(grep -lsz "^$1" /proc/[0-9]*/environ); do
    pid=\${file#/proc/}
    kill -KILL "\${pid%/environ}" 2>/dev/null
  done
}
while read -r line; do groups=$line; done
tell() { for group in $groups; do kill "-$1" "-$group" 2>/dev/null && told=yes; done; }
tell TERM
tell CONT
for second in $(seq ${GRACE_SECONDS}); do
  told=
  tell 0
  [ "$told" ] || break
  sleep 1
done
tell KILL
end_strays "$1"`;

export function openGuard(): Guard {
  const mark = randomUUID();
  const shell = spawn("/bin/sh", ["-c", SCRIPT, "grid-guard", `${MARK}=${mark}`], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  // If somebody kills the guard, the grid goes on without: nothing is wrong with the grid.
  shell.stdin.on("error", () => undefined);
  shell.on("error", () => undefined);
  shell.unref();
  const ended = shell.pid === undefined ? undefined : once(shell, "exit");
  const groups = new Set<number>();
  const tell = () => shell.stdin.write(`${[...groups].join(" ")}\n`);
  return {
    mark,
    watch(group) {
      groups.add(group);
      tell();
    },
    forget(group) {
      groups.delete(group);
      tell();
    },
    async [Symbol.asyncDispose]() {
      shell.ref();
      shell.stdin.end();
      await ended;
    },
  };
}
