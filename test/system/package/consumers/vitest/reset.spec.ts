import { createPasswordReset } from "relatch";
import { memoryPorts } from "relatch/memory";
import { expect, test } from "vitest";

test("a reset sets the new password", async () => {
  const ports = memoryPorts([{ id: "42", email: "mike@example.org", passwordHash: "old" }]);
  const passwordReset = createPasswordReset({
    ...ports,
    appName: "Acme",
    resetUrl: "https://app.example.com/password_reset/:token",
    revokeSessions: false,
  });

  await passwordReset.requestReset({ email: "mike@example.org", ip: false });
  await passwordReset.drain();
  const token = ports.mailer.lastToken("mike@example.org");
  const newPassword = "correct horse battery";
  expect(await passwordReset.completeReset({ token, newPassword })).toMatchObject({ ok: true });
  expect(await ports.hasher.verify(ports.users.get("42")?.passwordHash ?? "", newPassword)).toBe(true);
  await passwordReset.drain();
});
