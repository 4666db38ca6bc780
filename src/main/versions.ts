import manifest from "../../package.json" with { type: "json" };

/** Of this product, and of the interface that it serves. */
export const VERSIONS = { core: manifest.version, api: "3.29.2" } as const;
