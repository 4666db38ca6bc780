import { GridError } from "../domain/errors.ts";
import { recordStatus, type StatusChange } from "../lifecycle/record-status.ts";
import type { Stores } from "../lifecycle/stores.ts";

export const createRecordStatus =
  (stores: Stores) =>
  async (change: StatusChange): Promise<void> => {
    try {
      await recordStatus(stores, change);
    } catch (error) {
      // Deleted meanwhile: nothing is left to be recorded.
      if (!(error instanceof GridError) || error.code !== "SESSION_NOT_FOUND") throw error;
    }
  };
