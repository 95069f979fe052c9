import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "../action/body.js";
import { ConfigError, readConfig, tlsOptions } from "../action/config.js";
import { member, type JsonObject } from "../action/json.js";
import { Problem } from "../action/problem.js";
import { Request } from "../action/request.js";

const read = (body: string | JsonObject) =>
  new Request(decode(Buffer.from(typeof body === "string" ? body : JSON.stringify(body))));

test("nesting is limited, brackets within a text are not nesting", () => {
  const nested = (depth: number) => `{"action": "a", "x": ${"[".repeat(depth)}${"]".repeat(depth)}}`;
  assert.equal(read(nested(199)).action, "a");
  for (const depth of [200, 10_000, 1_000_000]) assert.throws(() => read(nested(depth)), Problem);
  assert.equal(read({ action: '"[{\\'.repeat(5000) }).action.length, 20_000);
});

test("halves of surrogate pairs are refused, in names too", () => {
  assert.equal(read('{"action": "\\ud83e\\udd50"}').action, "🥐");
  assert.equal(read('{"action": "\\\\ud83e"}').action, "\\ud83e");
  for (const half of ['"\\ud83e"', '"\\udd50"', '{"\\ud83e": 1}', '["\\ud83e\\udd50\\udd50"]']) {
    assert.throws(() => read(`{"action": "a", "x": ${half}}`), /surrogate/);
  }
});

test("what is only inherited was not sent", () => {
  assert.equal(member(JSON.parse("{}"), "constructor"), undefined);
  assert.equal(member(JSON.parse('{"__proto__": {"a": 1}}'), "a"), undefined);
  assert.throws(() => read("{}"), Problem);
});

test("an entity gives its names from the best candidate to the user's own words", () => {
  const value = [{ cname: "Old Mill", id: "3" }, { value: "other" }, 5, null];
  const request = read({ action: "a", request: { entities: [{ type: "s", text: "mill", value }] } });
  const entity = request.entity("t", "s");
  assert.deepEqual(entity?.names, ["Old Mill", "3", "other", "mill"]);
  assert.equal(entity?.name, "Old Mill");
  assert.equal(request.entity("t"), undefined);
});

test("the frame is what the turn has set, else what it began with", () => {
  const request = read({
    action: "a",
    request: { frame: { store: "Old Mill", order: 1 } },
    responder: { frame: { store: "Tannery Lane", order: null } },
  });
  assert.equal(request.frame("store"), "Tannery Lane");
  assert.equal(request.frame("order"), 1);
});

test("options take precedence over the environment, and it over the defaults", () => {
  const environment = { ACTION_SERVER_PORT: "9", ACTION_SERVER_TOKEN: "t" };
  const { config, given } = readConfig(["--port", "7", "--known-only"], environment, ["known-only"]);
  assert.deepEqual([config.port, config.token, config.host], [7, "t", "127.0.0.1"]);
  assert.ok(given.has("known-only"));
  for (const args of [["--port", "x"], ["--port", "70000"], ["--nonsense"], ["word"]]) {
    assert.throws(() => readConfig(args, {}), ConfigError);
  }
  assert.throws(() => tlsOptions(readConfig(["--client-ca", "x.pem"], {}).config), ConfigError);
});
