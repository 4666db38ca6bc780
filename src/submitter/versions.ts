import type { VersionsDefinition } from "../gen/versions_service.ts";
import type { Service } from "../grpc/service.ts";
import type { Grid } from "./grid.ts";

export const versionsService = ({ settings: { versions } }: Grid): Service<VersionsDefinition> => ({
  async listVersions() {
    return versions;
  },
});
