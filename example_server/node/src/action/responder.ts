import { member, text, type Json, type JsonObject } from "./json.js";
import type { Request } from "./request.js";

/** Tells the front end to do something. */
export interface Directive {
  name: string;
  type: "view" | "action" | (string & {});
  payload?: Json;
}

/** Settings for the next turn; leave out what does not change. */
export interface Params {
  target_dialogue_state?: string;
  dynamic_resource?: JsonObject;
  allowed_intents?: string[];
  allow_nlp?: string[];
  deny_nlp?: string[];
  time_zone?: string;
  language?: string;
  locale?: string;
  timestamp?: number;
}

/**
 * Takes what an action adds to the turn. Nothing of what the caller sent is in it, since an answer that echoes
 * directives would show them twice.
 */
export class Responder {
  /** What to set; other keys of the app's frame and slots stay as they are. */
  readonly frame: JsonObject = {};
  readonly slots: JsonObject = {};
  /** Begins with the five that the caller sent and that stock MindMeld would forget if an answer left them out. */
  readonly params: Params;
  readonly #directives: Directive[] = [];
  readonly #onAdd: ((directive: Directive) => void) | undefined;

  constructor(request: Request, onAdd?: (directive: Directive) => void) {
    this.params = keptParams(member(request.body, "responder", "params"));
    this.#onAdd = onAdd;
  }

  get directives(): readonly Directive[] {
    return this.#directives;
  }

  /** Shows a text. */
  reply(words: string): void {
    this.add({ name: "reply", type: "view", payload: { text: words } });
  }

  /** Shows a list. */
  list(items: Json[]): void {
    this.add({ name: "list", type: "view", payload: items });
  }

  /** Offers what to say next. */
  suggest(...texts: string[]): void {
    this.add({ name: "suggestions", type: "view", payload: texts.map((offer) => ({ text: offer })) });
  }

  /** Opens the microphone. */
  listen(): void {
    this.add({ name: "listen", type: "action" });
  }

  /** Adds any directive. A caller that asked for a stream gets it at once. */
  add(directive: Directive): void {
    this.#directives.push(directive);
    this.#onAdd?.(directive);
  }

  /** Gives all four members of the contract, none of them null. */
  toJSON(): object {
    return { directives: this.#directives, frame: this.frame, params: this.params, slots: this.slots };
  }
}

function keptParams(sent: Json | undefined): Params {
  const kept: Params = {};
  for (const name of ["target_dialogue_state", "time_zone", "language", "locale"] as const) {
    const value = text(member(sent, name));
    if (value !== undefined) kept[name] = value;
  }
  const timestamp = member(sent, "timestamp");
  const number = typeof timestamp === "string" && /^[0-9]+$/.test(timestamp) ? Number(timestamp) : timestamp;
  if (typeof number === "number" && Number.isSafeInteger(number)) kept.timestamp = number;
  return kept;
}
