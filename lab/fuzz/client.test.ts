import fc from "fast-check";
import { passwordResetClient } from "relatch/client";
import { expect, test } from "vitest";
import { intact } from "./guarded.ts";
import { assertAll, plan, timeout } from "./runs.ts";
import { mostly, type Recipe, shapeOf, text } from "./values.ts";

// The client of the JSON API receives anything, from its caller and from whatever responds. No call rejects, and a result
// has what its type says.

const REASONS = [
  "throttled",
  "invalid_email",
  "invalid_or_expired_token",
  "password_rejected",
  "second_factor_required",
];

const body = shapeOf({
  ok: mostly(fc.boolean(), 9),
  ticket: mostly(text),
  token: mostly(text),
  email: mostly(fc.emailAddress()),
  isInvitation: mostly(fc.boolean()),
  expiresAt: mostly(
    fc.oneof(
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      text,
    ),
  ),
  secondFactors: mostly(fc.constantFrom([], ["totp"], ["totp", 1])),
  sessionsRevoked: mostly(fc.boolean()),
  reason: mostly(fc.constantFrom(...REASONS, "unavailable", "constructor", "unreachable")),
  detail: mostly(text),
  retryAfterSeconds: mostly(fc.double()),
  violations: mostly(fc.constantFrom([], [{ code: "too_short", message: "Too short.", params: {} }], [null], [{}])),
});
const input = shapeOf({
  email: mostly(fc.emailAddress()),
  method: mostly(fc.constantFrom("link", "code", undefined)),
  ticket: mostly(text),
  code: mostly(text),
  token: mostly(text),
  newPassword: mostly(text),
  secondFactor: shapeOf({ method: mostly(text), response: mostly(text) }),
});

/** Checks of a successful result. */
const SUCCESS: Record<string, (result: Record<string, unknown>, given: unknown) => boolean> = {
  requestReset: ({ ticket }, given) =>
    (given as { method?: unknown } | null)?.method === "code" ? typeof ticket === "string" : ticket === undefined,
  redeemCode: ({ token }) => typeof token === "string",
  verifyToken: ({ email, isInvitation, expiresAt, secondFactors }) =>
    typeof email === "string" &&
    typeof isInvitation === "boolean" &&
    expiresAt instanceof Date &&
    !Number.isNaN(expiresAt.getTime()) &&
    Array.isArray(secondFactors),
  completeReset: ({ sessionsRevoked }) => typeof sessionsRevoked === "boolean",
};

test.each(Object.keys(SUCCESS))(
  "%s of the client never rejects, whatever it is given and whatever responds",
  {
    timeout,
  },
  async (name) => {
    const counts = { ok: 0, refused: 0, unreachable: 0 };
    await assertAll(
      fc.tuple(input, body, fc.boolean(), fc.constantFrom("body", "body", "body", "throws", "no response")),
      async ([inputRecipe, bodyRecipe, ok, way]: [Recipe, Recipe, boolean, string]) => {
        const given = inputRecipe.make();
        const respond = async () => {
          if (way === "throws") throw bodyRecipe.make();
          if (way === "no response") return bodyRecipe.make() as never;
          return { ok, json: async () => bodyRecipe.make() };
        };
        const client = passwordResetClient({ url: "/password_reset", fetch: respond });
        const call = client[name as keyof typeof client] as (input: unknown) => Promise<Record<string, unknown>>;
        const result = await call(given);
        intact();
        if (result["ok"] === true) {
          counts.ok += 1;
          expect(SUCCESS[name]?.(result, given)).toBe(true);
        } else {
          expect(result["ok"]).toBe(false);
          expect(typeof result["detail"]).toBe("string");
          expect(typeof result["reason"]).toBe("string");
          counts[result["reason"] === "unreachable" ? "unreachable" : "refused"] += 1;
        }
      },
      plan(400),
    );
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(0);
  },
);
