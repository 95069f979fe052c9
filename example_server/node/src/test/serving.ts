/** What the tests share: a server with one action on a free port, ended with the test. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { readConfig } from "../action/config.js";
import { ActionServer, type Handler } from "../action/server.js";

export interface Answer {
  status: number;
  body: any;
}

/** Starts a server with one action, called "a", and gives its address. */
export async function served(test: TestContext, handler: Handler): Promise<string> {
  const server = new ActionServer(readConfig([], {}).config);
  server.handle({ name: "a" }, handler);
  return listen(test, server);
}

export async function listen(test: TestContext, server: ActionServer): Promise<string> {
  const http = createServer(server.listener);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  test.after(() => {
    http.close();
    http.closeAllConnections();
  });
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

export async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

/** Runs without what is logged, and gives it. */
export async function logged(test: TestContext, run: () => Promise<void>): Promise<string> {
  const log = test.mock.method(console, "error", () => undefined);
  await run();
  return log.mock.calls.map((call) => call.arguments.join(" ")).join("\n");
}
