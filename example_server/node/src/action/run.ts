import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tlsOptions, type Config } from "./config.js";
import type { ActionServer } from "./server.js";

/**
 * Serves until SIGTERM or SIGINT, and prints one line with the address once it listens.
 *
 * Then /readyz answers 503 and new actions are refused, while those that run have the config's grace to answer.
 */
export async function run(server: ActionServer, config: Config): Promise<void> {
  const tls = tlsOptions(config);
  const limits = { keepAliveTimeout: 75_000, requestTimeout: 60_000 };
  const http = tls
    ? createHttpsServer({ ...limits, ...tls }, server.listener)
    : createHttpServer(limits, server.listener);
  await new Promise<void>((resolve, reject) => {
    http.once("error", reject);
    http.listen({ host: config.host, port: config.port, backlog: 1024 }, resolve);
  });
  const stopped = new Promise<void>((resolve) => {
    for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => resolve());
  });
  const { address, family, port } = http.address() as AddressInfo;
  const host = family === "IPv6" ? `[${address}]` : address;
  console.log(`listening on ${tls ? "https" : "http"}://${host}:${port}`);
  await stopped;
  // The listener stays open for now: who asks whether the server is ready shall hear that it is not.
  const drained = server.drain();
  // An action that does not heed its signal, or a caller that does not read, keeps nobody waiting.
  setTimeout(() => process.exit(0), (config.grace + 2) * 1000).unref();
  await drained;
  const closed = new Promise((resolve) => http.close(resolve));
  const sweep = setInterval(() => http.closeIdleConnections(), 20);
  await closed;
  clearInterval(sweep);
}
