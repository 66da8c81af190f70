import fc from "fast-check";
import { canonicalEmail, clientKey } from "relatch";
import { beforeAll, describe, expect, test } from "vitest";
import { type Guarded, guarded, outcome } from "./guarded.ts";
import { assertAll, plan, timeout } from "./runs.ts";
import { hostile, mostly, plain, Recipe, type Recipes, shaped, text } from "./values.ts";

// What comes from the network: whatever it is, it gets an ordinary answer, and no port is handed what it must not be.
// Only a wrong tenant, which is the application's own, throws, and throws ERR_OPTIONS.

const REFUSED = { ok: false, reason: "invalid_or_expired_token" };

const email = mostly(fc.constantFrom("mike@example.org", " Mike@EXAMPLE.org", "nobody@example.org"));
const ip = mostly(fc.constantFrom("192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", null, undefined));
const locale = mostly(fc.constantFrom("en", "ru;q=0.5, en", null, undefined));
const tenant = mostly(fc.constantFrom(null, undefined, undefined, "north"), 9);
const newPassword = mostly(fc.constantFrom("correct horse battery", "", "short"));

describe.each([
  ["stored", false],
  ["signed", true],
])("%s tokens", (_, isSigned) => {
  let it: Guarded;
  beforeAll(async () => {
    it = await guarded(isSigned);
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
    plain(
      fc
        .uint8Array({ minLength: 32, maxLength: 183 })
        .map((bytes) => Buffer.from(bytes).toString("base64url")),
    ),
    hostile,
  );

  test("requestReset", { timeout }, () =>
    assertAll(
      shaped({ email, ip, locale, tenant }),
      async (input) => {
        const answer = await outcome(() => it.passwordReset.requestReset(input.make() as never));
        if ("code" in answer) expect(answer.code).toBe("ERR_OPTIONS");
        else expect([{ ok: true }, { ok: false, reason: "invalid_email" }]).toContainEqual(answer.value);
        expect(it.leaks).toEqual([]);
      },
      plan(600),
    ),
  );

  test("verifyToken", { timeout }, () =>
    assertAll(
      fc.tuple(token, shaped({ tenant })),
      async ([recipe, context]) => {
        const presented = recipe.make();
        const answer = await outcome(() => it.passwordReset.verifyToken(presented, context.make() as never));
        if ("code" in answer) expect(answer.code).toBe("ERR_OPTIONS");
        else if (presented !== it.token) expect(answer.value).toEqual(REFUSED);
        expect(it.leaks).toEqual([]);
      },
      plan(600),
    ),
  );

  test("completeReset", { timeout }, () =>
    assertAll(
      fc.tuple(token, shaped({ newPassword, locale, tenant })),
      async ([recipe, rest]) => {
        const presented = recipe.make();
        const input = withToken(rest.make(), presented);
        const answer = await outcome(() => it.passwordReset.completeReset(input as never));
        if ("code" in answer) expect(answer.code).toBe("ERR_OPTIONS");
        else if (presented !== it.token) expect(answer.value).toEqual(REFUSED);
        expect(it.leaks).toEqual([]);
      },
      plan(600),
    ),
  );

  test("deliver", { timeout }, () => {
    const at = fc.integer({ min: -3_600_001, max: 300_001 }).map((ahead) => Date.now() + ahead);
    const job = shaped({
      v: mostly(fc.constant(1), 20),
      id: mostly(fc.uuid(), 20),
      at: mostly(at, 20),
      type: mostly(fc.constantFrom("reset_requested", "password_changed"), 20),
      email,
      tenant,
      locale,
      userId: mostly(fc.constantFrom("42", "43")),
      previousStamp: mostly(fc.constant("A".repeat(43))),
      stamp: mostly(fc.constant("A".repeat(43))),
    });
    return assertAll(
      job,
      async (input) => {
        expect(await outcome(() => it.passwordReset.deliver(input.make()))).toEqual({ value: undefined });
        expect(it.leaks).toEqual([]);
      },
      plan(600),
    );
  });

  test("revokeTokens", { timeout }, () =>
    assertAll(
      mostly(fc.string()),
      async (id) => {
        const answer = await outcome(() => it.passwordReset.revokeTokens(id.make() as never));
        if ("code" in answer) expect(["ERR_OPTIONS", "ERR_TOKEN_STORE"]).toContain(answer.code);
        expect(it.leaks).toEqual([]);
      },
      plan(300),
    ),
  );
});

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

test("canonicalEmail", { timeout }, () =>
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

test("clientKey", { timeout }, () => {
  const addressLike = fc.string({ unit: fc.constantFrom(..."0123456789abcdef:::...%x") });
  return assertAll(
    fc.oneof(hostile, plain(fc.oneof(fc.ipV4(), fc.ipV6(), addressLike))),
    async (input) => {
      const answer = await outcome(() => clientKey(input.make()));
      if (!("value" in answer)) throw new Error("threw");
      if (answer.value !== undefined) expect(answer.value).toMatch(/^client:[0-9a-f.:/]{7,32}$/);
    },
    plan(1000),
  );
});

test("the control: what a port must not be handed shows, and so does an error of another kind", async () => {
  const { options, leaks } = await guarded(false);
  await expect(options.users.findByEmail(["mike@example.org"] as never, undefined)).rejects.toThrow("object");
  expect(leaks).toHaveLength(1);
  await expect(outcome(() => (null as unknown as string).length)).rejects.toThrow("not a RelatchError");
});
