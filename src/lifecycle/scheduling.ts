/** The scheduling of a grid: stored at its first start, the same for all roles from then on. */
import type { SettingsTable } from "../adaptors/ports/table/settings.ts";
import {
  DEFAULT_SCHEDULING,
  disagreements,
  type GivenScheduling,
  type Scheduling,
  withGiven,
} from "../domain/scheduling.ts";

const NAME = "scheduling";

const variableOf = (name: string): string =>
  `Scheduling__${name.charAt(0).toUpperCase()}${name.slice(1)}`;

/**
 * What the grid schedules by. Values that are not given are the grid's, or the defaults where the
 * grid has none yet.
 *
 * @throws {Error} naming each given value that is not the grid's, with both.
 */
export async function agreeOnScheduling(
  settings: SettingsTable,
  given: GivenScheduling,
): Promise<Scheduling> {
  const stored = await settings.keep(NAME, { ...withGiven(DEFAULT_SCHEDULING, given) });
  // What a later version added is missing in what an earlier one stored.
  const scheduling: Scheduling = { ...DEFAULT_SCHEDULING, ...stored };
  const differences = disagreements(given, scheduling).map(
    (one) => `  ${variableOf(one.name)} is ${one.given} here, and ${one.stored} in this grid`,
  );
  if (differences.length === 0) return scheduling;
  throw new Error(
    `Cannot start with a scheduling that is not the grid's:\n${differences.join("\n")}\n` +
      "Leave these settings out to take the grid's values, or store yours with " +
      "`grid scheduling --store` and start all roles again.",
  );
}

/** Makes the values those of the grid; roles that run keep theirs until they start again. */
export async function storeScheduling(
  settings: SettingsTable,
  given: GivenScheduling,
): Promise<Scheduling> {
  const stored = await settings.keep(NAME, { ...DEFAULT_SCHEDULING });
  const scheduling = withGiven({ ...DEFAULT_SCHEDULING, ...stored }, given);
  await settings.replace(NAME, { ...scheduling });
  return scheduling;
}
