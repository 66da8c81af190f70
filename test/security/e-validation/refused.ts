import { expect } from "vitest";
import { GOOD_PASSWORD, type Harness, MIKE } from "../../harness.ts";

export const REFUSED = { ok: false, reason: "invalid_or_expired_token" };
export const JANE = { ...MIKE, id: "43", email: "jane@example.org", name: "Jane" };
export const GRANT = "__Secure-password_reset";
export const newPassword = GOOD_PASSWORD;

/** The token neither opens anything nor sets a password. */
export const expectRefused = async ({ passwordReset }: Harness, token: unknown): Promise<void> => {
  expect(await passwordReset.verifyToken(token)).toEqual(REFUSED);
  expect(await passwordReset.completeReset({ token, newPassword })).toEqual(REFUSED);
};
