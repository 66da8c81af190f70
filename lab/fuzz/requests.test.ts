import fc from "fast-check";
import { canonicalEmail, clientKey, type Job } from "relatch";
import { beforeAll, describe, expect, test } from "vitest";
import { parseJob, signJob } from "../../src/core/jobs.ts";
import { createGuarded, type Guarded, KEY, outcome, TENANT } from "./guarded.ts";
import { assertAll, plan, timeout } from "./runs.ts";
import { hostile, isReadable, mostly, plain, Recipe, type Recipes, shapeOf, text } from "./values.ts";

// The network sends anything. It gets an ordinary result, and no port receives anything outside its contract. Only a
// wrong tenant and a wrong user id, which come from the application, throw: ERR_OPTIONS.

const REFUSED = { ok: false, reason: "invalid_or_expired_token" };

const email = mostly(fc.constantFrom("mike@example.org", " Mike@EXAMPLE.org", "nobody@example.org"));
const ip = mostly(fc.constantFrom("192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", null, undefined, false));
const locale = mostly(fc.constantFrom("en", "ru;q=0.5, en", null, undefined));
// The application chooses the tenant and the user id, so they can be read.
const tenantOf = (...usual: unknown[]) =>
  mostly(fc.constantFrom(...usual), 9).filter((recipe) => isReadable(recipe.make()));
const userIdOf = (usual: fc.Arbitrary<string>) => mostly(usual).filter((recipe) => isReadable(recipe.make()));
const correlationId = mostly(fc.constantFrom("request-7", undefined, null, "x".repeat(257), "a\nb"));
const newPassword = mostly(fc.constantFrom("correct horse battery", "", "short"));

describe.each([
  ["stored tokens", false, undefined, tenantOf(null, undefined, undefined, TENANT)],
  ["signed tokens", true, undefined, tenantOf(null, undefined, undefined, TENANT)],
  ["tokens of tenants", false, "dynamic", tenantOf(TENANT, TENANT, TENANT, "south", undefined)],
] as const)("%s", (_, isSigned, tenants, tenant) => {
  let it: Guarded;
  beforeAll(async () => {
    it = await createGuarded(isSigned, undefined, tenants);
  });

  const token: Recipes = fc.oneof(
    fc.constant(new Recipe("the token", () => it.token)),
    fc.tuple(fc.nat(300), fc.string({ maxLength: 2 })).map(
      ([nth, other]) =>
        new Recipe(`the token with ${JSON.stringify(other)} at ${nth}`, () => {
          const at = nth % it.token.length;
          return it.token.slice(0, at) + other + it.token.slice(at + 1);
        }),
    ),
    plain(fc.uint8Array({ minLength: 32, maxLength: 183 }).map((bytes) => Buffer.from(bytes).toString("base64url"))),
    hostile,
  );

  test("requestReset fails with a code, if it fails, for any input", { timeout }, () =>
    assertAll(
      shapeOf({ email, ip, locale, tenant, correlationId }),
      async (input) => {
        const answer = await outcome(() => it.passwordReset.requestReset(input.make() as never));
        if ("code" in answer) expect(answer.code).toBe("ERR_OPTIONS");
        else expect([{ ok: true }, { ok: false, reason: "invalid_email" }]).toContainEqual(answer.value);
        expect(it.leaks).toEqual([]);
      },
      plan(600),
    ),
  );

  test.each([
    ["verifyToken", { tenant, correlationId }],
    ["completeReset", { newPassword, ip, locale, tenant, correlationId }],
  ] as const)("%s fails with a code, if it fails, for any input", { timeout }, (call, fields) =>
    assertAll(
      fc.tuple(token, shapeOf(fields)),
      async ([recipe, rest]) => {
        const presented = recipe.make();
        const input = withToken(rest.make(), presented);
        const answer = await outcome(() => it.passwordReset[call](input as never));
        if ("code" in answer) expect(answer.code).toBe("ERR_OPTIONS");
        else if (presented !== it.token) expect(answer.value).toEqual(REFUSED);
        expect(it.leaks).toEqual([]);
      },
      plan(600),
    ),
  );

  test("deliver runs the jobs that are signed, and no others", { timeout }, async () => {
    const at = fc.integer({ min: -3_600_001, max: 300_001 }).map((ahead) => Date.now() + ahead);
    const job = shapeOf({
      v: mostly(fc.constant(2), 20),
      id: mostly(fc.uuid(), 20),
      at: mostly(at, 20),
      type: mostly(fc.constantFrom("reset_requested", "follow_up"), 20),
      email,
      tenant,
      locale,
      correlationId: mostly(fc.constantFrom("request-7", undefined), 20),
      ip: mostly(fc.constantFrom("198.51.100.7", undefined), 20),
      ticketDigest: mostly(fc.constantFrom(undefined, "0".repeat(64)), 20),
      codeExpiresAt: mostly(fc.oneof(fc.constant(undefined), at), 20),
      mac: mostly(fc.constantFrom(undefined, "A".repeat(43))),
    });
    const link = shapeOf({
      v: mostly(fc.constant(2), 20),
      id: mostly(fc.uuid(), 20),
      at: mostly(at, 20),
      type: mostly(fc.constant("link_requested"), 20),
      userId: mostly(fc.constantFrom("42", "43"), 20),
      tenant,
      locale: mostly(fc.constant("en"), 20),
    });
    const followUp = shapeOf({
      v: mostly(fc.constant(2), 40),
      id: mostly(fc.uuid(), 40),
      at: mostly(at, 40),
      type: mostly(fc.constant("follow_up"), 40),
      email: mostly(fc.constantFrom("mike@example.org", '"odd one"@example.org'), 40),
      tenant,
      locale: mostly(fc.constant("en"), 40),
      userId: mostly(fc.constantFrom("42", "43"), 40),
      previousStamp: mostly(fc.constant("A".repeat(43)), 40),
      stamp: mostly(fc.constant("B".repeat(43)), 40),
      isCommitted: mostly(fc.boolean(), 40),
    });
    const ways = fc.constantFrom("with our key", "with our key", "with another key", "before a change", "not");
    const ran = new Map<string, number>();
    await assertAll(
      fc.tuple(fc.oneof(job, link, followUp), ways),
      async ([recipe, way]) => {
        const made = recipe.make();
        const parsed = parseJob(made);
        const input = parsed ? signJobIn(way, parsed) : made;
        it.calls.length = 0;
        expect(await outcome(() => it.passwordReset.deliver(input))).toEqual({ value: undefined });
        expect(it.leaks).toEqual([]);
        if (parsed && it.calls.length > 0) ran.set(way, (ran.get(way) ?? 0) + 1);
        if (!parsed) expect(it.calls).toEqual([]);
      },
      plan(1000),
    );
    expect([...ran.keys()]).toEqual(["with our key"]);
    expect(ran.get("with our key")).toBeGreaterThan(20);
  });

  test("sendLink fails with a code, if it fails, for any input", { timeout }, () =>
    assertAll(
      shapeOf({ userId: userIdOf(fc.constantFrom("42", "43", "")), locale, correlationId }),
      async (input) => {
        const answer = await outcome(() => it.passwordReset.sendLink(input.make() as never));
        if ("code" in answer) expect(answer.code).toBe("ERR_OPTIONS");
        else expect(["unknown_account", undefined]).toContain((answer.value as { reason?: string }).reason);
        expect(it.leaks).toEqual([]);
      },
      plan(300),
    ),
  );

  test("revokeTokens fails with a code, if it fails, for any input", { timeout }, () =>
    assertAll(
      userIdOf(fc.string()),
      async (id) => {
        const answer = await outcome(() => it.passwordReset.revokeTokens(id.make() as never));
        if ("code" in answer) expect(["ERR_OPTIONS", "ERR_TOKEN_STORE"]).toContain(answer.code);
        expect(it.leaks).toEqual([]);
      },
      plan(300),
    ),
  );
});

/** Signs a job in one of these ways. */
function signJobIn(way: string, job: Job): Job {
  if (way === "not") return { ...job, mac: undefined };
  if (way === "with another key") return signJob(job, [new Uint8Array(32).fill(8)]);
  return { ...signJob(job, [KEY]), ...(way === "before a change" && { at: job.at - 1 }) };
}

/** The same object with a token, where it can be given one. */
function withToken(input: unknown, token: unknown): unknown {
  // A string of a million characters would become as many properties.
  if (typeof input !== "object") return input;
  try {
    return Object.assign(Object.create(Object.getPrototypeOf(input)), { ...(input as object), token });
  } catch {
    return input;
  }
}

test("canonicalEmail never throws, for any input", { timeout }, () =>
  assertAll(
    fc.oneof(hostile, plain(text)),
    async (recipe) => {
      const input = recipe.make();
      const answer = await outcome(() => canonicalEmail(input));
      if (!("value" in answer)) throw new Error("threw");
      if (answer.value !== undefined) expect(typeof input).toBe("string");
    },
    plan(1000),
  ),
);

test("clientKey never throws, for any input", { timeout }, () => {
  const addressLike = fc.string({ unit: fc.constantFrom(..."0123456789abcdef:::...%x") });
  return assertAll(
    fc.oneof(hostile, plain(fc.oneof(fc.ipV4(), fc.ipV6(), addressLike))),
    async (input) => {
      const answer = await outcome(() => clientKey(input.make()));
      if (!("value" in answer)) throw new Error("threw");
      if (answer.value !== undefined) expect(answer.value).toMatch(/^client:[0-9a-f]{64}$/);
    },
    plan(1000),
  );
});

test("the control: what a port must not be handed shows, and so does an error of another kind", async () => {
  const { options, leaks } = await createGuarded(false);
  await expect(options.users.findByEmail(["mike@example.org"] as never, undefined)).rejects.toThrow("object");
  expect(leaks).toHaveLength(1);
  await expect(outcome(() => (null as unknown as string).length)).rejects.toThrow("not a RelatchError");
});
