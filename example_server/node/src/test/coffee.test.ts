import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { readConfig } from "../action/config.js";
import type { JsonObject } from "../action/json.js";
import { ActionServer } from "../action/server.js";
import { register } from "../coffee/actions.js";
import { listen, post } from "./serving.js";

async function play(t: TestContext, action: string, request: JsonObject) {
  const server = new ActionServer(readConfig([], {}).config);
  register(server);
  const { status, body } = await post(`${await listen(t, server)}/action`, { action, request });
  const said: string = body.directives?.[0]?.payload?.text;
  return { status, said, frame: body.frame as JsonObject, slots: body.slots as JsonObject };
}

const LATTE = { type: "drink", text: "lattes", value: [{ cname: "latte" }] };

test("an order grows in the frame", async (t) => {
  const large = [LATTE, { type: "size", text: "large" }, { type: "sys_number", text: "two", value: [{ value: 2 }] }];
  const first = await play(t, "add_to_order", { entities: [...large, { type: "milk", text: "oat milk" }] });
  assert.equal(first.said, "I added 2 large lattes with oat milk. Your order has 2 items.");
  const mocha = { type: "drink", text: "mocha" };
  const second = await play(t, "add_to_order", { entities: [mocha], frame: first.frame });
  assert.equal(second.slots.total, "$15.45");
  assert.equal((await play(t, "confirm_order", { frame: second.frame })).said, "Your order of $15.45 is confirmed.");
});

test("the price comes from the menu and not from the frame", async (t) => {
  const frame = { order: { items: [{ item: "latte", size: "large", price: 0.01 }], total: 0.01 } };
  assert.equal((await play(t, "price_order", { frame })).said, "That makes $4.75.");
});

test("opening hours are told for the time asked about", async (t) => {
  const mill = { type: "store_name", text: "mill" };
  const hours = {
    "2026-01-03T09:00:00.000-08:00": "Old Mill is open on Saturday at 09:00; that day's hours are 09:00 to 15:00.",
    "2026-01-05T17:00:00": "Old Mill is closed on Monday at 17:00; that day's hours are 08:00 to 17:00.",
    whenever: "Old Mill is open 08:00 to 17:00 on weekdays and 09:00 to 15:00 at the weekend.",
  };
  for (const [value, said] of Object.entries(hours)) {
    const then = { type: "sys_time", text: "then", value: [{ value }] };
    assert.equal((await play(t, "get_store_hours", { entities: [mill, then] })).said, said);
  }
});

test("failing actions fail with their status", async (t) => {
  for (const [action, status] of Object.entries({ fail: 500, refuse: 422, charge_card: 422, action_fly: 404 })) {
    assert.equal((await play(t, action, {})).status, status);
  }
  assert.equal((await play(t, "charge_card", { frame: { order: { items: ["latte"] } } })).status, 503);
});
