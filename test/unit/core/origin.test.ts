import { describe, expect, test } from "vitest";
import { readCorrelationId } from "../../../src/core/jobs.ts";
import type { Config } from "../../../src/core/options.ts";
import { readTenant } from "../../../src/core/origin.ts";
import type { Tenants } from "../../../src/lib/tenants.ts";
import { relatchError } from "../../helpers/errors.ts";
import { harness, MIKE, queuedHarness } from "../../helpers/harness.ts";

function read(tenants: Tenants, tenant: unknown) {
  const events: string[] = [];
  const config = { tenants, emit: ({ type }: { type: string }) => events.push(type) } as unknown as Config;
  return { events, run: () => readTenant(config, { tenant }) };
}

const LONGEST = "x".repeat(256);

test.each<[what: string, tenants: Tenants, tenant: unknown, expected: string | undefined]>([
  ["nothing", undefined, undefined, undefined],
  ["null", undefined, null, undefined],
  ["a declared name", ["blue", "red"], "red", "red"],
  ["any name, if tenants are dynamic", "dynamic", "green", "green"],
  ["256 characters", "dynamic", LONGEST, LONGEST],
])("readTenant accepts %s", (_, tenants, tenant, expected) => {
  const { events, run } = read(tenants, tenant);
  expect(run()).toBe(expected);
  expect(events).toEqual([]);
});

test("readTenant says whether it received an empty string or another string", () => {
  const expected = "tenant must be one of the option tenants, received";
  expect(read(["blue"], "").run).toThrow(`${expected} an empty string.`);
  expect(read(["blue"], "green").run).toThrow(`${expected} another string.`);
});

const NO_NAMES = [undefined, null, "", 7, false, ["blue"], `${LONGEST}x`, "blue\ud800", new String("blue")];

test.each<[what: string, tenants: Tenants, refused: unknown[]]>([
  ["that is not declared", ["blue", "red"], ["green", "Blue", "blue ", "constructor", ...NO_NAMES]],
  ["that is not a name", "dynamic", NO_NAMES],
  ["without the option", undefined, ["blue", "", 7, false, ["blue"]]],
])("readTenant refuses a tenant %s, with an event and without showing it", (_, tenants, refused) => {
  for (const tenant of refused) {
    const { events, run } = read(tenants, tenant);
    expect(run).toThrow(relatchError("ERR_OPTIONS", "tenant must be"));
    expect(run).not.toThrow(/green|Blue/);
    expect(events).toEqual(["tenant_refused", "tenant_refused"]);
  }
});

describe("A call with a missing or undeclared tenant throws, and nothing is sent, revoked or deleted:", () => {
  const token = "A".repeat(43);
  test.each<[string, (its: ReturnType<typeof harness>["passwordReset"], tenant: unknown) => unknown]>([
    ["requestReset", (its, tenant) => its.requestReset({ email: MIKE.email, ip: false, tenant } as never)],
    ["verifyToken", (its, tenant) => its.verifyToken({ token, tenant } as never)],
    ["completeReset", (its, tenant) => its.completeReset({ token, newPassword: "x", tenant } as never)],
    ["settings", async (its, tenant) => its.settings({ tenant } as never)],
  ])("%s", async (_, call) => {
    for (const tenant of [undefined, "green"]) {
      const { passwordReset, mailer, revoked, happened } = harness({ tenants: ["blue"] });
      await expect(call(passwordReset, tenant)).rejects.toEqual(relatchError("ERR_OPTIONS", "tenant"));
      await passwordReset.drain();
      expect([mailer.sent, revoked, happened()]).toEqual([[], [], ["tenant_refused"]]);
    }
  });
});

test.each<[string, unknown]>([
  ["a request id", "4bf92f35-77b3-4da6"],
  ["a traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
  ["256 characters", "~".repeat(256)],
  ["one space", " "],
])("readCorrelationId accepts %s", (_, correlationId) => {
  expect(readCorrelationId({ correlationId })).toBe(correlationId);
});

test.each<[string, unknown]>([
  ["nothing", undefined],
  ["an empty string", ""],
  ["257 characters", "~".repeat(257)],
  ["a line break", "a\nforged: line"],
  ["a carriage return at its end", "a\r"],
  ["a line break at its end", "a\n"],
  ["a control character", "a\u001b[31m"],
  ["a letter outside ASCII", "é"],
  ["an array of headers", ["a"]],
  ["a number", 7],
])("readCorrelationId counts %s as left out", (_, correlationId) => {
  expect(readCorrelationId({ correlationId })).toBeUndefined();
});

test("A correlationId is in the events, the jobs and the emails of a whole reset", async () => {
  const { passwordReset, jobs, mailer, events } = queuedHarness();
  await passwordReset.requestReset({ email: MIKE.email, ip: false, correlationId: "first" });
  await passwordReset.deliver(jobs[0]);
  const token = mailer.lastToken(MIKE.email);
  await passwordReset.verifyToken({ token, correlationId: "second" });
  await passwordReset.completeReset({ token, newPassword: "correct horse battery", correlationId: "third" });
  await passwordReset.deliver(jobs[1]);
  expect(events.map(({ type, correlationId }) => [type, correlationId])).toEqual([
    ["reset_requested", "first"],
    ["mail_sent", "first"],
    ["token_verified", "second"],
    ["password_reset", "third"],
    ["mail_sent", "third"],
  ]);
  expect(jobs.map(({ correlationId }) => correlationId)).toEqual(["first", "third"]);
  expect(mailer.sent.map(({ correlationId }) => correlationId)).toEqual(["first", "third"]);
  expect(mailer.sent.map(({ jobId }) => jobId)).toEqual(jobs.map(({ id }) => id));
});
