import { chmod, lstat, unlink } from "node:fs/promises";
import { connect } from "node:net";

const somebodyListens = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    const answer = (listens: boolean) => {
      socket.destroy();
      resolve(listens);
    };
    socket.once("connect", () => answer(true));
    socket.once("error", () => answer(false));
  });

/**
 * Removes the socket file that a killed process left behind.
 *
 * A file that is no socket, and a socket on which somebody listens, are left alone: binding then
 * fails with EADDRINUSE.
 */
export async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (!found?.isSocket() || (await somebodyListens(path))) return;
  await unlink(path);
}

/** The worker beside us is another container, often another user; the folder guards the socket. */
export const openToEveryUser = (path: string): Promise<void> => chmod(path, 0o666);
