import assert from "node:assert/strict";
import { test } from "node:test";

import { isNumber, updatesOf } from "./people.ts";

const PHONE = "250788123456";
const ID = "RW.13491208655302741918";
const PARENT = "RW.ENT.11815799212886844830";

function call(value: unknown): string {
  return JSON.stringify({ object: "whatsapp_business_account", entry: [{ id: "1", changes: [{ value, field: "messages" }] }] });
}

test("a sender's names, with and without a number, from the message and from the contact beside it", () => {
  const message = { from: PHONE, from_user_id: ID, from_parent_user_id: PARENT, id: "wamid.1" };
  assert.deepEqual(updatesOf(call({ messages: [message] })).senders, [[PHONE, ID, PARENT]]);
  const contact = { wa_id: PHONE, user_id: ID, parent_user_id: PARENT };
  assert.deepEqual(updatesOf(call({ messages: [{ from_user_id: ID }], contacts: [contact] })).senders, [[PHONE, ID, PARENT]]);
  assert.deepEqual(updatesOf(call({ messages: [{ from: `+${PHONE}` }] })).senders, [[PHONE]]);
  assert.deepEqual(updatesOf(call({ messages: [{ id: "wamid.1" }], contacts: [{ user_id: ID }] })).senders, [[ID]]);
});

test("one person is one, however often they write; several are told apart by their contacts", () => {
  const contacts = [{ wa_id: "1", user_id: "RW.1" }, { wa_id: "2", user_id: "RW.2" }];
  const messages = [{ from_user_id: "RW.2" }, { from: "1" }, { from: "2" }, { from: "3" }];
  assert.deepEqual(updatesOf(call({ contacts, messages })).senders, [["2", "RW.2"], ["1", "RW.1"], ["3"]]);
});

test("a change of number or id names the old beside the new", () => {
  const system = { type: "user_changed_number", customer: PHONE, wa_id: "250788000000", user_id: ID, previous_user_id: "RW.0" };
  const { senders } = updatesOf(call({ messages: [{ from: PHONE, id: "wamid.1", type: "system", system }] }));
  assert.deepEqual(senders, [[PHONE, "250788000000", "RW.0", ID]]);
});

test("a receipt's receiver is no sender, and a group's id is nobody's number", () => {
  const status = { id: "wamid.1", status: "read", recipient_id: PHONE, recipient_user_id: ID };
  const found = updatesOf(call({ statuses: [status] }));
  assert.deepEqual([found.senders, found.receivers], [[], [[PHONE, ID]]]);
  const group = { ...status, recipient_type: "group", recipient_user_id: undefined, recipient_participant_user_id: ID };
  assert.deepEqual(updatesOf(call({ statuses: [group] })).receivers, [[ID]]);
  assert.deepEqual(updatesOf(call({ statuses: [status], messages: [{ from_user_id: ID }] })).receivers, []);
});

test("messages and receipts have names that stay when they are delivered again", () => {
  const status = (text: string) => ({ id: "wamid.1", status: text, recipient_id: PHONE });
  const body = call({ messages: [{ from: PHONE, id: "wamid.2" }], statuses: [status("sent"), status("read"), status("read")] });
  assert.deepEqual(updatesOf(body).messages, ["wamid.2", "wamid.1 sent", "wamid.1 read"]);
});

test("what is empty names nobody, and what can't be read neither", () => {
  for (const from of ["", " ", "-", "+", "( )", "\u2014", null, 0.5, {}, undefined]) {
    assert.deepEqual(updatesOf(call({ messages: [{ from, from_user_id: "" }] })).senders, [], JSON.stringify(from));
  }
  assert.deepEqual(updatesOf(call({ messages: [{ from: 250788123456 }] })).senders, [[PHONE]]);
  const bodies = ["", "{", "[]", "null", "7", '{"entry": 1}', '{"entry": [null, {"changes": [[]]}]}', "[".repeat(20_000)];
  for (const body of [...bodies, call(null), call({ messages: {} }), call({ messages: [null, "x"] })]) {
    assert.deepEqual(updatesOf(body), { senders: [], receivers: [], messages: [] }, body.slice(0, 40));
  }
  assert.ok(isNumber(PHONE) && !isNumber(ID) && !isNumber(""));
});
