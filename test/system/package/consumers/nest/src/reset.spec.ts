import { Test } from "@nestjs/testing";
import { createPasswordReset, type PasswordReset } from "relatch";
import { memoryPorts } from "relatch/memory";

const PASSWORD_RESET = Symbol("password reset");

describe("PASSWORD_RESET", () => {
  it("sets the new password", async () => {
    const ports = memoryPorts([{ id: "42", email: "mike@example.org", passwordHash: "old" }]);
    const useFactory = () =>
      createPasswordReset({
        ...ports,
        appName: "Acme",
        resetUrl: "https://app.example.com/password_reset/:token",
        revokeSessions: false,
      });
    const module = await Test.createTestingModule({ providers: [{ provide: PASSWORD_RESET, useFactory }] }).compile();
    const passwordReset = module.get<PasswordReset>(PASSWORD_RESET);

    await passwordReset.requestReset({ email: "mike@example.org", ip: false });
    await passwordReset.drain();
    const token = ports.mailer.lastToken("mike@example.org");
    const newPassword = "correct horse battery";
    expect(await passwordReset.completeReset({ token, newPassword })).toMatchObject({ ok: true });
    expect(await ports.hasher.verify(ports.users.get("42")?.passwordHash ?? "", newPassword)).toBe(true);
    await passwordReset.drain();
  });
});
