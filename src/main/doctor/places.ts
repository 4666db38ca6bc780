// What people are told about the place where a driver keeps its data: a case for each driver.
import { resolve } from "node:path";
import type { Config } from "../../config/index.ts";

type Options = Config["tableStorage"] | Config["objectStorage"] | Config["queue"];

export interface Place {
  readonly where: string;
  /** The driver and its place. */
  readonly name: string;
  /** What to do when it cannot be opened. */
  readonly advice: string;
}

/** @param section of the configuration, as in names of environment variables. */
export function placeOf(options: Options, section: string): Place {
  switch (options.driver) {
    case "embedded": {
      const where = resolve(options.path);
      const advice = `set ${section}__Path to a folder that this user may write`;
      return { where, name: `${options.driver} in ${where}`, advice };
    }
  }
}
