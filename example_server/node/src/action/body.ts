import type { IncomingMessage } from "node:http";
import { isObject, type Json, type JsonObject } from "./json.js";
import { Problem } from "./problem.js";

/** How deep a body may be nested; a real turn has about ten levels. */
const MAX_DEPTH = 200;

/** Takes the body as it arrives, no more than `limit` bytes of it. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  checkMediaType(request);
  const tooLarge = () => new Problem(413, `At most ${limit} bytes.`);
  if (Number(request.headers["content-length"] ?? 0) > limit) throw tooLarge();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) {
        chunks.push(chunk);
      } else {
        // Read on and forget: a client that still sends would not see the answer otherwise.
        chunks.length = 0;
        reject(tooLarge());
      }
    });
    request.on("end", () => resolve(Buffer.concat(chunks)));
    request.on("error", () => reject(new Problem(400, "The body did not arrive whole.")));
  });
}

function checkMediaType(request: IncomingMessage): void {
  const [named = "", ...parameters] = (request.headers["content-type"] ?? "").toLowerCase().split(";");
  const charset = parameters
    .map((parameter) => parameter.trim().split("="))
    .find(([name]) => name === "charset")?.[1]
    ?.replaceAll('"', "");
  if (named.trim() !== "application/json" || !["utf-8", "utf8", undefined].includes(charset)) {
    throw new Problem(415, "Send application/json in UTF-8.");
  }
  if ((request.headers["content-encoding"] ?? "identity").toLowerCase() !== "identity") {
    throw new Problem(415, "Send the body without Content-Encoding.");
  }
}

/** Reads a JSON object. Its integers are exact up to 2^53, as JSON.parse makes floats of all numbers. */
export function decode(body: Buffer): JsonObject {
  // JSON.parse has no limit of its own: sixteen megabytes of brackets would take gigabytes of arrays.
  if (isTooDeep(body)) throw new Problem(400, `The body is nested deeper than ${MAX_DEPTH} levels.`);
  let content: string;
  try {
    content = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw new Problem(400, "The body is not UTF-8.");
  }
  if (content.trim() === "") throw new Problem(400, "The request has no body.");
  let value: Json;
  try {
    value = JSON.parse(content) as Json;
  } catch {
    throw new Problem(400, "The body is not JSON.");
  }
  if (!isObject(value)) throw new Problem(400, "The body is not a JSON object.");
  checkValue(value);
  return value;
}

/** Refuses what could not be sent back: numbers beyond a float, and halves of surrogate pairs. */
function checkValue(value: Json): void {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new Problem(400, "The body holds a number out of range.");
  }
  if (typeof value === "string" && !value.isWellFormed()) {
    throw new Problem(400, "The body holds half of a surrogate pair.");
  }
  if (Array.isArray(value)) {
    value.forEach(checkValue);
  } else if (isObject(value)) {
    for (const [name, found] of Object.entries(value)) {
      checkValue(name);
      checkValue(found);
    }
  }
}

function isTooDeep(body: Buffer): boolean {
  const [quote, backslash] = [0x22, 0x5c];
  let depth = 0;
  let inText = false;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at];
    if (inText) {
      if (byte === backslash) at++;
      else if (byte === quote) inText = false;
    } else if (byte === quote) {
      inText = true;
    } else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (byte === 0x5d || byte === 0x7d) {
      depth--;
    }
  }
  return false;
}
