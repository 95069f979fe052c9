import { createHash } from "node:crypto";
import { Problem } from "./problem.js";
import type { Directive } from "./responder.js";

/** How many answers are kept by Idempotency-Key. */
const KEPT = 1000;

/** How an action ended. */
export type Outcome = { answer: string; directives: readonly Directive[] } | { problem: Problem };

/** Keeps the last answers by key, so that a request sent again does not run the action again. */
export class Replays {
  // A Map remembers the order in which keys were set: the first is the oldest.
  readonly #settled = new Map<string, { digest: string; outcome: Outcome }>();
  readonly #running = new Map<string, string>();

  /** Carries out, or gives the outcome that is kept for the key. */
  async once(key: string, body: Buffer, carryOut: () => Promise<Outcome>): Promise<Outcome> {
    const digest = createHash("sha256").update(body).digest("base64");
    const kept = this.#settled.get(key);
    if ((kept?.digest ?? this.#running.get(key) ?? digest) !== digest) {
      const title = "Idempotency-Key reused with another body";
      return { problem: new Problem(422, "", { kind: "idempotency-mismatch", title }) };
    }
    if (kept) return kept.outcome;
    if (this.#running.has(key)) {
      return { problem: new Problem(409, "The first request with this Idempotency-Key is still running.") };
    }
    this.#running.set(key, digest);
    try {
      const outcome = await carryOut();
      // A failure of the server frees the key, so that a retry runs.
      if (!("problem" in outcome) || outcome.problem.status < 500) this.#keep(key, { digest, outcome });
      return outcome;
    } finally {
      this.#running.delete(key);
    }
  }

  #keep(key: string, settled: { digest: string; outcome: Outcome }): void {
    this.#settled.set(key, settled);
    const [oldest] = this.#settled.keys();
    if (this.#settled.size > KEPT && oldest !== undefined) this.#settled.delete(oldest);
  }
}
