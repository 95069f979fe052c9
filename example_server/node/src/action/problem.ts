import { STATUS_CODES } from "node:http";
import { encode } from "./json.js";

const PREFIX = "urn:mm-actions:problem:";

/** The problems that the contract names for a status. */
const KINDS: Readonly<Record<number, readonly [kind: string, title: string]>> = {
  400: ["invalid-request", "Invalid request"],
  401: ["unauthorized", "Unauthorized"],
  403: ["forbidden", "Forbidden"],
  409: ["in-progress", "Request in progress"],
  413: ["too-large", "Content too large"],
  415: ["media-type", "Unsupported media type"],
  429: ["rate-limited", "Too many requests"],
  503: ["unavailable", "Unavailable"],
};

/** One thing that is wrong with a request's body. */
export interface Fault {
  pointer: string;
  detail: string;
}

export interface ProblemOptions {
  /** The kind of problem, for what the contract has no name for; needs a title. */
  kind?: string;
  title?: string;
  action?: string;
  errors?: Fault[];
  headers?: Record<string, string>;
}

/**
 * An answer that is not a success (RFC 9457). A handler throws one to say what the caller may know; any other
 * error becomes a 500 that says nothing.
 */
export class Problem extends Error {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly #type: string;
  readonly #title: string;
  readonly #errors: Fault[] | undefined;
  #action: string | undefined;

  constructor(status: number, detail = "", options: ProblemOptions = {}) {
    super(detail);
    const [kind, title] = options.kind ? [options.kind, options.title] : (KINDS[status] ?? []);
    this.status = status;
    this.headers = options.headers ?? {};
    this.#type = kind ? PREFIX + kind : "about:blank";
    this.#title = title ?? STATUS_CODES[status] ?? "Failure";
    this.#errors = options.errors;
    this.#action = options.action;
  }

  /** Names the action, unless the handler has named one. */
  of(action: string): this {
    this.#action ??= action;
    return this;
  }

  /** Gives the members that the answer holds; never a stack trace. */
  toJSON(): object {
    return {
      type: this.#type,
      title: this.#title,
      status: this.status,
      detail: this.message || undefined,
      action: this.#action,
      errors: this.#errors,
    };
  }

  body(): string {
    return encode(this);
  }
}
