import { isObject, member, text, type Json, type JsonObject } from "./json.js";
import { Problem, type Fault } from "./problem.js";

/** Something that the user named. */
export class Entity {
  constructor(
    readonly type: string,
    readonly text: string,
    readonly role: string,
    /** Any JSON value; resolved, it is a list of candidates. */
    readonly value: Json | undefined,
  ) {}

  /** What it stands for, best candidate first, and last the user's own words. */
  get names(): string[] {
    const found = this.#candidates.flatMap((candidate) =>
      ["cname", "id", "value"].map((key) => text(member(candidate, key))),
    );
    return [...found, text(this.text)].filter((name) => name !== undefined);
  }

  /** The canonical name, or the user's own words. */
  get name(): string {
    return this.names[0] ?? "";
  }

  /** The value of the best candidate, such as the number of a sys_number. */
  get plain(): Json | undefined {
    const best = this.#candidates[0];
    return isObject(best) ? member(best, "value") : best;
  }

  get #candidates(): (Json | undefined)[] {
    return Array.isArray(this.value) ? this.value : [this.value];
  }
}

/** What the dialogue app knows of the turn. Texts that are absent or null are empty. */
export class Request {
  readonly action: string;
  readonly text: string;
  readonly domain: string;
  readonly intent: string;
  readonly entities: readonly Entity[];

  /**
   * @param body The whole invocation, for members without a property here.
   * @throws {Problem} 400: a member that is read here has another type than the contract's.
   */
  constructor(readonly body: JsonObject) {
    const read = new Reader();
    const turn = read.object(body, "", "request");
    this.action = read.text(body, "", "action");
    this.text = read.text(turn, "/request", "text");
    this.domain = read.text(turn, "/request", "domain");
    this.intent = read.text(turn, "/request", "intent");
    this.entities = read.list(turn, "/request", "entities").map((entity, number) => {
      const place = `/request/entities/${number}`;
      if (entity !== null && !isObject(entity)) read.fault(place, "must be of type object");
      const [type, words, role] = ["type", "text", "role"].map((name) => read.text(entity, place, name));
      return new Entity(type ?? "", words ?? "", role ?? "", member(entity, "value"));
    });
    read.list(turn, "/request", "history");
    for (const name of ["frame", "context", "params"]) read.object(turn, "/request", name);
    const sofar = read.object(body, "", "responder");
    read.list(sofar, "/responder", "directives");
    for (const name of ["frame", "slots", "params"]) read.object(sofar, "/responder", name);
    if (this.action === "" && !read.faults.some((fault) => fault.pointer === "/action")) {
      read.fault("/action", "is required");
    }
    if (read.faults.length > 0) {
      throw new Problem(400, "The request does not match the contract.", { errors: read.faults });
    }
  }

  /** Looks into the state of the front end. */
  context(...path: string[]): Json | undefined {
    return member(this.body, "request", "context", ...path);
  }

  /** Looks into the frame: what an earlier action of the turn has set, else what the turn began with. */
  frame(...path: string[]): Json | undefined {
    return member(this.body, "responder", "frame", ...path) ?? member(this.body, "request", "frame", ...path);
  }

  /** Gives the first entity of these types. */
  entity(...types: string[]): Entity | undefined {
    return this.entities.find((entity) => types.includes(entity.type));
  }
}

/** Takes members of any JSON value, and notes those of another type than the contract's. */
class Reader {
  readonly faults: Fault[] = [];

  fault(pointer: string, detail: string): void {
    if (this.faults.length < 20) this.faults.push({ pointer, detail });
  }

  text(of: Json, place: string, name: string): string {
    const value = this.#take(of, place, name, "string", (found) => typeof found === "string");
    return (value as string | undefined) ?? "";
  }

  object(of: Json, place: string, name: string): JsonObject {
    return (this.#take(of, place, name, "object", isObject) as JsonObject | undefined) ?? {};
  }

  list(of: Json, place: string, name: string): Json[] {
    return (this.#take(of, place, name, "array", Array.isArray) as Json[] | undefined) ?? [];
  }

  #take(of: Json, place: string, name: string, type: string, fits: (value: Json) => boolean): Json | undefined {
    const value = member(of, name) ?? undefined;
    if (value === undefined || fits(value)) return value;
    this.fault(`${place}/${name}`, `must be of type ${type}`);
    return undefined;
  }
}
