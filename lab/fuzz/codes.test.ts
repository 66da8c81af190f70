import fc from "fast-check";
import type { PasswordResetOptions } from "relatch";
import { readSignInEmail } from "relatch/http";
import { describe, expect, test } from "vitest";
import { createGuarded, type Guarded, MIKE, outcome } from "./guarded.ts";
import { assertAll, plan, timeout } from "./runs.ts";
import { hostile, mostly, plain, Recipe, type Recipes, shapeOf, text } from "./values.ts";

// Codes and second factors, as the network sends them.

const REFUSED = { ok: false, reason: "invalid_or_expired_token" };
const RESPONSE = "123456";

interface WithCode extends Guarded {
  ticket: string;
  code: string;
  /** Responses that the second factor was asked about. */
  asked: unknown[];
}

/** An account with a second factor, a link and a code. The clock stands still, because a code is valid for minutes. */
async function createWithCode(): Promise<WithCode> {
  let code = "";
  const asked: unknown[] = [];
  const start = Date.now();
  const guarded = await createGuarded(false, ({ messages }) => {
    const more = {
      codes: true,
      now: () => new Date(start),
      secondFactor: {
        methods: async () => ["totp"],
        async verify(_: string, proof: { response: string }) {
          asked.push(proof);
          return proof.response === RESPONSE;
        },
      },
      messages: {
        ...messages,
        resetCode(input: { code: string; url: string }) {
          code = input.code;
          return { subject: "Code", text: input.url };
        },
      },
    };
    return more as unknown as Partial<PasswordResetOptions>;
  });
  const { passwordReset, jobs } = guarded;
  const requested = await passwordReset.requestReset({ email: MIKE.email, ip: false, method: "code" });
  await passwordReset.deliver(jobs[0]);
  const { ticket = "" } = requested as { ticket?: string };
  expect(code).toMatch(/^\d{8}$/);
  return { ...guarded, ticket, code, asked };
}

/** A string with one change at some place. */
const altered = (name: string, read: () => string): Recipes =>
  fc
    .tuple(fc.nat(200), fc.string({ maxLength: 2 }))
    .map(
      ([nth, other]) => new Recipe(`${name} with ${JSON.stringify(other)} at ${nth}`, () => alter(read(), nth, other)),
    );

function alter(given: string, nth: number, other: string): string {
  const at = nth % given.length;
  return given.slice(0, at) + other + given.slice(at + 1);
}

describe("redeemCode", () => {
  test("gives a token for the ticket with its code and for nothing else", { timeout }, async () => {
    const it = await createWithCode();
    const ticket: Recipes = fc.oneof(
      { weight: 3, arbitrary: fc.constant(new Recipe("the ticket", () => it.ticket)) },
      { weight: 2, arbitrary: altered("the ticket", () => it.ticket) },
      plain(fc.uint8Array({ minLength: 71, maxLength: 71 }).map((bytes) => Buffer.from(bytes).toString("base64url"))),
      hostile,
    );
    const code: Recipes = fc.oneof(
      fc.constant(new Recipe("the code", () => it.code)),
      fc.constant(new Recipe("the code in two parts", () => ` ${it.code.slice(0, 4)}-${it.code.slice(4)} `)),
      altered("the code", () => it.code),
      plain(fc.nat(99_999_999).map((number) => String(number).padStart(8, "0"))),
      hostile,
    );
    let redeemed = 0;
    await assertAll(
      fc.tuple(ticket, code),
      async ([ticketRecipe, codeRecipe]) => {
        const given = { ticket: ticketRecipe.make(), code: codeRecipe.make() };
        it.calls.length = 0;
        const answer = await outcome(() => it.passwordReset.redeemCode(given));
        const { ok } = (answer as { value: { ok: boolean } }).value;
        if (ok) {
          redeemed += 1;
          expect(given.ticket).toBe(it.ticket);
          expect(
            String(given.code)
              .normalize("NFKC")
              .match(/\p{Nd}/gu),
          ).toHaveLength(it.code.length);
        } else {
          expect(answer).toEqual({ value: REFUSED });
        }
        // A forged ticket costs neither an attempt nor a look-up.
        if (given.ticket !== it.ticket) expect(it.calls).toEqual([]);
        expect(it.leaks).toEqual([]);
      },
      plan(600),
    );
    expect(redeemed).toBeGreaterThan(20);
  });

  test("gives ordinary results for any input", { timeout }, async () => {
    const it = await createWithCode();
    await assertAll(
      shapeOf({ ticket: mostly(text), code: mostly(text), correlationId: hostile }),
      async (input) => {
        expect(await outcome(() => it.passwordReset.redeemCode(input.make() as never))).toEqual({ value: REFUSED });
        expect(it.leaks).toEqual([]);
      },
      plan(300),
    );
  });
});

test("completeReset sets a password with the right second factor and with no other", { timeout }, async () => {
  let it = await createWithCode();
  const proof = shapeOf({
    method: mostly(fc.constantFrom("totp", "totp", "totp", "passkey", ""), 9),
    response: mostly(fc.constantFrom(RESPONSE, RESPONSE, "654321", "", "1".repeat(8193)), 9),
  });
  const newPassword = mostly(fc.constantFrom("correct horse battery", "correct horse battery", ""), 9);
  let runs = 0;
  let resets = 0;
  await assertAll(
    fc.tuple(proof, newPassword),
    async ([proofRecipe, passwordRecipe]) => {
      // A link is refused as a whole after 20 refusals.
      if (++runs % 15 === 0) it = await createWithCode();
      const given = proofRecipe.make();
      it.asked.length = 0;
      const answer = await outcome(() =>
        it.passwordReset.completeReset({
          token: it.token,
          newPassword: passwordRecipe.make(),
          secondFactor: given,
        } as never),
      );
      const { ok, reason } = (answer as { value: { ok: boolean; reason?: string } }).value;
      if (ok) {
        resets += 1;
        expect(it.asked).toEqual([{ method: "totp", response: RESPONSE }]);
      } else {
        expect(["password_rejected", "second_factor_required", "second_factor_rejected"]).toContain(reason);
      }
      for (const { method, response } of it.asked as { method: string; response: string }[]) {
        expect(method).toBe("totp");
        expect(typeof response === "string" && response.length > 0 && response.length <= 8192).toBe(true);
      }
      expect(it.leaks).toEqual([]);
    },
    plan(400),
  );
  expect(resets).toBeGreaterThan(5);
});

test("readSignInEmail returns an address or undefined for any header", { timeout }, () => {
  const cookie = fc
    .tuple(
      fc.constantFrom("__Host-password_reset_email", "password_reset_email", "other"),
      fc.oneof(text, fc.base64String()),
    )
    .map(([name, value]) => `a=b; ${name}=${value}`);
  return assertAll(
    fc.oneof(hostile, plain(cookie)),
    async (recipe) => {
      const header = recipe.make();
      const answer = await outcome(() => readSignInEmail(header as never));
      if (!("value" in answer)) throw new Error("threw");
      if (answer.value !== undefined) expect(typeof header).toBe("string");
    },
    plan(1000),
  );
});
