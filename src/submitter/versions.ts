import type { VersionsServiceImplementation } from "../gen/versions_service.ts";
import type { DrainContext } from "../grpc/drain.ts";
import type { Grid } from "./grid.ts";

export const versionsService = ({
  settings: { versions },
}: Grid): VersionsServiceImplementation<DrainContext> => ({
  async listVersions() {
    return versions;
  },
});
