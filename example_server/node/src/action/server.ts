/**
 * Serves custom actions over HTTP: the contract's checks and headers are here, so that an action is a plain
 * function.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { decode, readBody } from "./body.js";
import type { Config } from "./config.js";
import { encode } from "./json.js";
import { Problem } from "./problem.js";
import { Replays, type Outcome } from "./replays.js";
import { Request } from "./request.js";
import { Responder, type Directive } from "./responder.js";
import { Running } from "./running.js";
import { EventStream } from "./stream.js";

/**
 * Carries out an action. It fills the responder, and throws a Problem to refuse or to fail with a status of its
 * own. The signal is aborted when the caller no longer waits, or when the server has to stop.
 */
export type Handler = (request: Request, responder: Responder, signal: AbortSignal) => void | Promise<void>;

/** An action as GET /actions lists it. */
export interface Info {
  name: string;
  description?: string;
  /** Repeating it does no harm. */
  idempotent?: boolean;
  intents?: string[];
  timeout_ms?: number;
}

interface Endpoint {
  method: "GET" | "POST";
  /** Answers without credentials. */
  open?: boolean;
  serve: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
}

export class ActionServer {
  readonly #config: Config;
  readonly #infos: Info[] = [];
  readonly #handlers = new Map<string, Handler>();
  readonly #replays = new Replays();
  readonly #running = new Running();
  readonly #endpoints: ReadonlyMap<string, Endpoint>;
  #other: Handler | undefined;

  constructor(config: Config) {
    this.#config = config;
    this.#endpoints = new Map<string, Endpoint>([
      ["/action", { method: "POST", serve: (request, response) => this.#invoke(request, response) }],
      ["/action/stream", { method: "POST", serve: (request, response) => this.#stream(request, response) }],
      ["/actions", { method: "GET", serve: (_, response) => send(response, 200, encode({ actions: this.#infos })) }],
      ["/healthz", { method: "GET", open: true, serve: (_, response) => send(response, 200, '{"status":"pass"}') }],
      ["/readyz", { method: "GET", open: true, serve: (_, response) => this.#ready(response) }],
    ]);
  }

  /** Adds an action. */
  handle(info: Info, handler: Handler): void {
    if (!info.name || this.#handlers.has(info.name)) throw new Error(`the name "${info.name}" is empty or taken`);
    this.#infos.push({ ...info, idempotent: info.idempotent ?? false });
    this.#handlers.set(info.name, handler);
  }

  /** Answers for every name that has no action; without it, they get a 404. */
  handleOther(handler: Handler): void {
    this.#other = handler;
  }

  /** Answers one request; for http.createServer. */
  readonly listener = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const callId = request.headers["x-mm-call-id"];
    if (typeof callId === "string" && /^[!-~]{1,256}$/.test(callId)) response.setHeader("X-MM-Call-Id", callId);
    try {
      await this.#serve(request, response);
    } catch (error) {
      sendProblem(response, error instanceof Problem ? error : unexpected("a request", error));
    }
  };

  /** Lets no further action begin, and waits until none runs; after the config's grace, their signals abort. */
  async drain(): Promise<void> {
    const timer = setTimeout(() => this.#running.abort(), this.#config.grace * 1000);
    await this.#running.end();
    clearTimeout(timer);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ""] = (request.url ?? "").split("?", 1);
    const endpoint = this.#endpoints.get(path.replace(/\/$/, ""));
    if (!endpoint) throw new Problem(404);
    const { method } = endpoint;
    if (request.method !== method) throw new Problem(405, `Use ${method}.`, { headers: { Allow: method } });
    if (!endpoint.open && !this.#admits(request.headers.authorization ?? "")) {
      throw new Problem(401, "A bearer token is needed.", { headers: { "WWW-Authenticate": "Bearer" } });
    }
    await endpoint.serve(request, response);
  }

  #admits(authorization: string): boolean {
    if (!this.#config.token) return true;
    const [, scheme = "", given = ""] = /^(\S*) (.*)$/.exec(authorization) ?? [];
    const digest = (token: string) => createHash("sha256").update(token).digest();
    return scheme.toLowerCase() === "bearer" && timingSafeEqual(digest(given.trim()), digest(this.#config.token));
  }

  #ready(response: ServerResponse): void {
    if (this.#running.ending) throw stopping();
    send(response, 200, '{"status":"pass"}');
  }

  async #invoke(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const outcome = await this.#perform(request, response);
    if ("problem" in outcome) throw outcome.problem;
    send(response, 200, outcome.answer);
  }

  /**
   * Sends each directive as the action adds it, and last the whole answer. The status is 200 from the first
   * directive on; an action that fails before it is answered as by POST /action.
   */
  async #stream(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const events = new EventStream(response);
    const outcome = await this.#perform(request, response, (directive) => events.directive(directive));
    if (!("problem" in outcome)) events.result(outcome.answer);
    else if (events.begun) events.error(outcome.problem);
    else throw outcome.problem;
  }

  /** Reads the request and carries it out, once for each Idempotency-Key. */
  async #perform(
    incoming: IncomingMessage,
    response: ServerResponse,
    onAdd?: (directive: Directive) => void,
  ): Promise<Outcome> {
    if (this.#running.ending) throw stopping();
    const timeout = timeoutOf(incoming);
    const controller = this.#running.enter();
    const { signal } = controller;
    response.on("close", () => {
      if (!response.writableEnded) controller.abort(); // the caller left before it had its answer
    });
    const late = () => controller.abort(new DOMException("The caller no longer waits.", "TimeoutError"));
    const timer = timeout === undefined ? undefined : setTimeout(late, timeout);
    try {
      const body = await readBody(incoming, this.#config.maxBody);
      const request = new Request(decode(body));
      let ran = false;
      const carryOut = () => {
        ran = true;
        return this.#carryOut(request, new Responder(request, onAdd), signal);
      };
      const key = incoming.headers["idempotency-key"];
      if (key === undefined) return await carryOut();
      if (typeof key !== "string" || key.length < 1 || key.length > 255) {
        throw new Problem(400, "Idempotency-Key has 1 to 255 characters.");
      }
      const outcome = await this.#replays.once(`${incoming.url} ${key}`, body, carryOut);
      if (!ran && onAdd && !("problem" in outcome)) outcome.directives.forEach(onAdd);
      return outcome;
    } finally {
      clearTimeout(timer);
      this.#running.leave(controller);
    }
  }

  async #carryOut(request: Request, responder: Responder, signal: AbortSignal): Promise<Outcome> {
    const { action } = request;
    try {
      const handler = this.#handlers.get(action) ?? this.#other;
      if (!handler) {
        throw new Problem(404, "GET /actions lists the names.", { kind: "unknown-action", title: "Unknown action" });
      }
      await handler(request, responder, signal);
      return { answer: encode(responder), directives: responder.directives };
    } catch (error) {
      return { problem: explain(error, action, signal).of(action) };
    }
  }
}

/** Gives how many milliseconds the caller will wait. */
function timeoutOf(request: IncomingMessage): number | undefined {
  const given = request.headers["x-mm-timeout-ms"];
  if (given === undefined) return undefined;
  if (typeof given !== "string" || !/^[1-9][0-9]{0,8}$/.test(given)) {
    throw new Problem(400, "X-MM-Timeout-Ms is a number of milliseconds above 0.");
  }
  return Number(given);
}

/** Makes a problem of what a handler threw. The text of any other error stays in the log. */
function explain(error: unknown, action: string, signal: AbortSignal): Problem {
  if (error instanceof Problem) return error;
  if (!signal.aborted || !(error instanceof Error && ["AbortError", "TimeoutError"].includes(error.name))) {
    return unexpected(`action ${encode(action)}`, error);
  }
  if ((signal.reason as Error).name !== "TimeoutError") return stopping();
  const detail = "The action did not end within the time that the caller gave it.";
  return new Problem(504, detail, { kind: "timed-out", title: "Action timed out" });
}

function unexpected(what: string, error: unknown): Problem {
  console.error(`${what} failed:`, error);
  return new Problem(500, "The action failed.");
}

function stopping(): Problem {
  return new Problem(503, "The server is stopping.", { headers: { "Retry-After": "1" } });
}

function send(response: ServerResponse, status: number, body: string, mediaType = "application/json"): void {
  response.writeHead(status, { "Content-Type": mediaType, "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

function sendProblem(response: ServerResponse, problem: Problem): void {
  if (response.headersSent) {
    response.destroy(); // a stream that cannot be ended well shall be seen to be cut short
    return;
  }
  for (const [name, value] of Object.entries(problem.headers)) response.setHeader(name, value);
  send(response, problem.status, problem.body(), "application/problem+json");
}
