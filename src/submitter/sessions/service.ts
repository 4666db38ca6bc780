import { SessionsDefinition } from "../../gen/sessions_service.ts";
import type { Service } from "../../grpc/service.ts";
import type { Grid } from "../grid.ts";
import { notImplemented } from "../not-implemented.ts";
import { changeSession, stopSubmission } from "./control.ts";
import { toSessionRaw } from "./convert.ts";
import { createSession } from "./create.ts";
import { readSession } from "./read.ts";

export const sessionsService = (grid: Grid): Service<SessionsDefinition> => ({
  ...notImplemented(SessionsDefinition),

  async createSession(request) {
    return { sessionId: (await createSession(grid, request)).sessionId };
  },

  async getSession({ sessionId }) {
    return { session: toSessionRaw(await readSession(grid.stores, sessionId)) };
  },

  async pauseSession({ sessionId }) {
    return { session: toSessionRaw(await changeSession(grid, sessionId, "pause")) };
  },

  async resumeSession({ sessionId }) {
    return { session: toSessionRaw(await changeSession(grid, sessionId, "resume")) };
  },

  async closeSession({ sessionId }) {
    return { session: toSessionRaw(await changeSession(grid, sessionId, "close")) };
  },

  async cancelSession({ sessionId }) {
    return { session: toSessionRaw(await changeSession(grid, sessionId, "cancel")) };
  },

  async stopSubmission(request) {
    return { session: toSessionRaw(await stopSubmission(grid, request)) };
  },
});
