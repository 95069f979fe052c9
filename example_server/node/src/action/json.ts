/** JSON values as they arrive, and careful ways to look into them. */

export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = { [name: string]: Json };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Follows the names of members into a value; undefined where the path ends early. */
export function member(value: Json | undefined, ...path: string[]): Json | undefined {
  for (const name of path) {
    // What is only inherited, such as "constructor", was not sent.
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** Gives a text that is not blank, else undefined. */
export function text(value: Json | undefined): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}

/** Writes JSON, and throws where JSON.stringify would write null for a number that is none. */
export function encode(value: unknown): string {
  return JSON.stringify(value, (name, found: unknown) => {
    if (typeof found === "number" && !Number.isFinite(found)) {
      throw new TypeError(`${name} is ${found}, which JSON cannot hold`);
    }
    return found;
  });
}
