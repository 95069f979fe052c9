import type { ServerResponse } from "node:http";
import { encode } from "./json.js";
import type { Problem } from "./problem.js";
import type { Directive } from "./responder.js";

/** Writes a streamed answer: one JSON object a line, each sent as it is written. */
export class EventStream {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get begun(): boolean {
    return this.#response.headersSent;
  }

  directive(directive: Directive): void {
    this.#write(encode({ event: "directive", directive }));
  }

  /** @param answer The encoded responder. */
  result(answer: string): void {
    this.#write(`{"event":"result","responder":${answer}}`);
    this.#response.end();
  }

  error(problem: Problem): void {
    this.#write(encode({ event: "error", problem }));
    this.#response.end();
  }

  #write(line: string): void {
    if (!this.begun) this.#response.writeHead(200, { "Content-Type": "application/x-ndjson" });
    this.#response.write(`${line}\n`);
  }
}
