import { get } from "node:http";

const PATIENCE_MS = 3_000;

/** Asks a role's `/readiness`: whether it is ready, and if not what it says is missing. */
export const askReadiness = (port: number): Promise<{ ready: boolean; says: string }> =>
  new Promise((resolve) => {
    const request = get({ host: "127.0.0.1", port, path: "/readiness", timeout: PATIENCE_MS });
    request.on("response", async (response) => {
      response.setEncoding("utf8");
      const says = (await response.toArray().catch(() => [])).join("");
      resolve({ ready: response.statusCode === 200, says });
    });
    request.on("timeout", () => request.destroy(new Error("no answer")));
    request.on("error", (error) => resolve({ ready: false, says: error.message }));
  });
