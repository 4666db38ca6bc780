import type { SettingsTable, SharedValues } from "../../ports/table/settings.ts";
import type { Store } from "./store.ts";

const KEEP = "INSERT INTO settings (name, body) VALUES (?, ?) ON CONFLICT DO NOTHING";
const REPLACE = `INSERT INTO settings (name, body) VALUES (?, ?)
  ON CONFLICT DO UPDATE SET body = excluded.body`;
const GET = "SELECT body FROM settings WHERE name = ?";

export const settingsTable = (store: Store): SettingsTable => ({
  async keep(name, values) {
    await store.write(() => void store.sql(KEEP).run(name, JSON.stringify(values)));
    const { body } = await store.read(() => store.sql(GET).get(name) as { body: string });
    return JSON.parse(body) as SharedValues;
  },

  async replace(name, values) {
    await store.write(() => void store.sql(REPLACE).run(name, JSON.stringify(values)));
  },
});
