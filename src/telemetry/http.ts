import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";
import type { Check, Health } from "./health.ts";
import { toListenError } from "./listen-error.ts";
import type { Logger } from "./logger.ts";

interface Reply {
  readonly status?: number;
  readonly contentType: string;
  readonly body: string;
}

/** Answers a GET. */
type Route = (url: URL) => Promise<Reply>;

export interface HttpServer extends AsyncDisposable {
  /** The port it listens on, also when 0 was asked for. */
  readonly port: number;
}

export interface HttpOptions {
  readonly host: string;
  readonly port: number;
  /** Names the setting of the port, for the message when it is taken: `Submitter__HttpPort`. */
  readonly setting: string;
  readonly health: Health;
  /** Fails when only a restart helps. That an answer comes at all is the better part of it. */
  readonly liveness?: Check;
  readonly registry: Registry;
  readonly log: Logger;
  readonly routes?: Readonly<Record<string, Route>>;
}

const say = (well: boolean, details: object = {}): Reply => ({
  status: well ? 200 : 503,
  contentType: "application/json",
  body: JSON.stringify({ status: well ? "ok" : "unavailable", ...details }),
});

const NOT_FOUND: Reply = { status: 404, contentType: "text/plain", body: "not found\n" };

/** What probes and Prometheus ask of every process, under ArmoniK's names. */
const toRoutes = ({ health, liveness, registry }: HttpOptions): Record<string, Route> => ({
  "/startup": async () => say(health.started || (await health.readiness()).ready),
  "/liveness": async () => {
    const failure = await liveness?.().then(
      () => undefined,
      (error: unknown) => String(error),
    );
    return say(failure === undefined, { failure });
  },
  "/readiness": async () => {
    const { ready, outcomes } = await health.readiness();
    const checks = outcomes.map(({ name, failure = "ok" }) => [name, failure]);
    return say(ready, { checks: Object.fromEntries(checks) });
  },
  "/metrics": async () => ({
    contentType: registry.contentType,
    body: await registry.metrics(),
  }),
});

function send(response: ServerResponse, { status = 200, contentType, body }: Reply): void {
  response.writeHead(status, { "content-type": contentType, "cache-control": "no-store" });
  response.end(body);
}

/** A small server for `/startup`, `/liveness`, `/readiness`, `/metrics` and what a role adds. */
export async function openHttpServer(options: HttpOptions): Promise<HttpServer> {
  const { host, port, setting, log } = options;
  const routes = new Map(Object.entries({ ...toRoutes(options), ...options.routes }));
  const answer = async (target: string): Promise<Reply> => {
    const url = URL.parse(`http://localhost${target}`);
    return (url && (await routes.get(url.pathname)?.(url))) ?? NOT_FOUND;
  };

  const server = createServer((request, response) => {
    answer(request.url ?? "/").then(
      (reply) => send(response, reply),
      (error: unknown) => {
        log.error({ err: error, url: request.url }, "http request failed");
        send(response, { status: 500, contentType: "text/plain", body: "failed, see logs\n" });
      },
    );
  });
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (error) {
    throw toListenError({ name: `${host}:${port}`, setting }, error);
  }
  const found = (server.address() as AddressInfo).port;
  log.info({ address: `${host}:${found}` }, "http server listens");

  return {
    port: found,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
