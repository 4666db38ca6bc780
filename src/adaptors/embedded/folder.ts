// The data folder: what its databases share in one process.
import { mkdirSync } from "node:fs";
import type { Clients } from "../clients.ts";
import { type Notifier, openNotifier } from "./notifier.ts";

export interface Folder extends AsyncDisposable {
  readonly path: string;
  /** Opened once, and closed with the folder. */
  notifier(name: string): Notifier;
}

export const shareFolder = (clients: Clients, path: string): Promise<Folder> =>
  clients.share(`embedded ${path}`, () => openFolder(path));

/** Makes the folder if it is not there. */
export function openFolder(path: string): Folder {
  mkdirSync(path, { recursive: true });
  const notifiers = new Map<string, Notifier>();
  return {
    path,
    notifier(name) {
      const notifier = notifiers.get(name) ?? openNotifier(path, name);
      notifiers.set(name, notifier);
      return notifier;
    },
    async [Symbol.asyncDispose]() {
      for (const notifier of notifiers.values()) notifier[Symbol.dispose]();
    },
  };
}
