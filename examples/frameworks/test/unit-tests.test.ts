import { createPasswordReset } from "relatch";
import { memoryPorts } from "relatch/memory";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

// Unit tests as an application writes them, with fake timers.

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const EMAIL = "mike@example.org";

function setUp() {
  const ports = memoryPorts([{ id: "42", email: EMAIL, passwordHash: "old-hash" }]);
  const revokeSessions = vi.fn(async () => {});
  const passwordReset = createPasswordReset({
    ...ports,
    appName: "Acme",
    from: "noreply@example.com",
    resetUrl: "https://app.example.com/password_reset/:token",
    revokeSessions,
    limits: false,
  });
  const requestLink = async () => {
    await passwordReset.requestReset({ email: EMAIL, ip: "192.0.2.1" });
    await passwordReset.drain();
    return ports.mailer.lastToken(EMAIL);
  };
  return { ...ports, passwordReset, revokeSessions, requestLink };
}

test("a person who forgot the password gets in again, and the old sessions end", async () => {
  const { passwordReset, users, hasher, revokeSessions, requestLink } = setUp();
  const token = await requestLink();
  const newPassword = "correct horse battery";
  expect(await passwordReset.completeReset({ token, newPassword })).toMatchObject({ ok: true });
  expect(await hasher.verify(users.get("42")?.passwordHash ?? "", newPassword)).toBe(true);
  expect(revokeSessions).toHaveBeenCalledWith("42", { except: expect.any(String) });
});

test("a link expires after an hour", async () => {
  const { passwordReset, requestLink } = setUp();
  const token = await requestLink();
  vi.advanceTimersByTime(3_600_000);
  expect(await passwordReset.verifyToken({ token })).toEqual({ ok: false, reason: "invalid_or_expired_token" });
});
