/** Values that all roles of a grid share; what they mean is their readers' affair. */
export type SharedValues = Readonly<Record<string, number>>;

/** Settings that are stored with the grid, one document each. */
export interface SettingsTable {
  /** Stores the values under the name unless there are some already; answers those that are stored. */
  keep(name: string, values: SharedValues): Promise<SharedValues>;
  /** Stores the values in place of those that are there. */
  replace(name: string, values: SharedValues): Promise<void>;
}
