import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { readConfig } from "../action/config.js";
import { Problem } from "../action/problem.js";
import { Replays } from "../action/replays.js";
import { ActionServer, type Handler } from "../action/server.js";
import { listen, logged, post, served } from "./serving.js";

test("an answer holds what the action added", async (t) => {
  const url = await served(t, (request, responder) => {
    responder.reply(`<${request.text}>`);
    responder.listen();
    responder.frame.seen = request.frame("seen") ?? "nothing";
    responder.params.language = "es";
  });
  const { status, body } = await post(`${url}/action`, {
    action: "a",
    request: { text: "hi", frame: { seen: [1] } },
    responder: {
      directives: [{ name: "old" }],
      params: { language: "en", locale: "en_US", timestamp: "15", time_zone: null },
    },
  });
  assert.equal(status, 200);
  assert.deepEqual(body, {
    directives: [
      { name: "reply", type: "view", payload: { text: "<hi>" } },
      { name: "listen", type: "action" },
    ],
    frame: { seen: [1] },
    params: { language: "es", locale: "en_US", timestamp: 15 },
    slots: {},
  });
});

test("a problem that an action throws is told", async (t) => {
  const url = await served(t, () => {
    throw new Problem(422, "No.", { kind: "no", title: "Refused" });
  });
  const { status, body } = await post(`${url}/action`, { action: "a" });
  assert.equal(status, 422);
  const type = "urn:mm-actions:problem:no";
  assert.deepEqual(body, { type, title: "Refused", status: 422, detail: "No.", action: "a" });
});

const failing: Record<string, Handler> = {
  "an error": () => {
    throw new Error("secret");
  },
  "a rejected promise": async () => Promise.reject(new Error("secret")),
  "something that is no error": () => {
    throw "secret";
  },
  "a number that JSON cannot hold": (_, responder) => {
    responder.frame.secret = Number.NaN;
  },
};
for (const [name, handler] of Object.entries(failing)) {
  test(`${name} is kept in the log`, async (t) => {
    const url = await served(t, handler);
    const log = await logged(t, async () => {
      const { status, body } = await post(`${url}/action`, { action: "a" });
      assert.equal(status, 500);
      assert.equal(body.detail, "The action failed.");
      assert.doesNotMatch(JSON.stringify(body), /secret/);
    });
    assert.match(log, /secret/);
  });
}

test("a stream is sent while the action runs, and ends with its failure", async (t) => {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const url = await served(t, async (_, responder) => {
    responder.reply("one");
    await released;
    throw new Problem(503, "Gone.");
  });
  const response = await fetch(`${url}/action/stream`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: '{"action": "a"}',
  });
  assert.equal(response.headers.get("content-type"), "application/x-ndjson");
  const lines: string[] = [];
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    lines.push(...chunk.trim().split("\n"));
    release();
  }
  assert.equal(lines.length, 2);
  assert.equal(JSON.parse(lines[0]!).event, "directive");
  assert.equal(JSON.parse(lines[1]!).problem.status, 503);
});

test("a repeated request does not run the action again, and is streamed from memory", async (t) => {
  let runs = 0;
  const url = await served(t, (_, responder) => responder.reply(String(++runs)));
  for (const path of ["/action", "/action/stream"]) {
    const answers = [];
    for (let number = 0; number < 2; number++) {
      const response = await fetch(url + path, {
        method: "POST",
        headers: { "Content-Type": "application/json", "Idempotency-Key": "k" },
        body: '{"action": "a"}',
      });
      answers.push(await response.text());
    }
    assert.equal(answers[0], answers[1]);
  }
  assert.equal(runs, 2);
});

test("the oldest of many answers is forgotten", async () => {
  let runs = 0;
  const replays = new Replays();
  const call = (key: number) =>
    replays.once(String(key), Buffer.from("{}"), async () => ({ answer: String(++runs), directives: [] }));
  for (let key = 0; key <= 1000; key++) await call(key);
  assert.deepEqual(await call(1), { answer: "2", directives: [] });
  assert.deepEqual(await call(0), { answer: "1002", directives: [] });
});

test("the signal is aborted when the time of the caller is over", async (t) => {
  const url = await served(t, async (_, __, signal) => void (await wait(60_000, undefined, { signal })));
  const { status, body } = await post(`${url}/action`, { action: "a" }, { "X-MM-Timeout-Ms": "20" });
  assert.equal(status, 504);
  assert.equal(body.type, "urn:mm-actions:problem:timed-out");
});

test("the signal is aborted when the caller leaves", async (t) => {
  let leave = () => {};
  const aborted = new Promise<void>((resolve) => {
    void served(t, (_, __, signal) => {
      signal.addEventListener("abort", () => resolve());
      leave();
      return aborted;
    }).then((url) => {
      const headers = { "Content-Type": "application/json" };
      const call = httpRequest(`${url}/action`, { method: "POST", headers });
      call.on("error", () => undefined);
      leave = () => call.destroy();
      call.end('{"action": "a"}');
    });
  });
  await aborted;
});

test("a server that drains takes no further action, and waits for those that run", async (t) => {
  const server = new ActionServer(readConfig([], {}).config);
  let begun = () => {};
  let release = () => {};
  const running = new Promise<void>((resolve) => (begun = resolve));
  const released = new Promise<void>((resolve) => (release = resolve));
  server.handle({ name: "a" }, () => {
    begun();
    return released;
  });
  const url = await listen(t, server);
  const first = post(`${url}/action`, { action: "a" });
  await running;
  const drained = server.drain();
  assert.equal((await post(`${url}/action`, { action: "a" })).status, 503);
  assert.equal((await fetch(`${url}/readyz`)).status, 503);
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  release();
  assert.equal((await first).status, 200);
  await drained;
});

test("a name is given once", () => {
  const server = new ActionServer(readConfig([], {}).config);
  server.handle({ name: "a" }, () => {});
  assert.throws(() => server.handle({ name: "a" }, () => {}), /taken/);
  assert.throws(() => server.handle({ name: "" }, () => {}), /empty/);
});
