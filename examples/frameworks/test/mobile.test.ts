import { beforeEach, describe, expect, test, vi } from "vitest";

describe("The server of a mobile application", () => {
  let server: typeof import("../mobile.ts");
  beforeEach(async () => {
    vi.resetModules();
    server = await import("../mobile.ts");
  });

  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    server.app.request(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Fly-Client-IP": "192.0.2.1", ...headers },
      body: JSON.stringify(body),
    });

  const readToken = async (email: string) => {
    await server.passwordReset.drain();
    return server.ports.mailer.lastToken(email);
  };

  test("the application sets a new password, and its refresh tokens end", async () => {
    expect((await post("/password_reset", { email: "mike@example.org" })).status).toBe(200);
    const token = await readToken("mike@example.org");
    expect((await post("/password_reset/verify", { token })).status).toBe(200);
    const done = await post("/password_reset/complete", { token, newPassword: "correct horse battery" });
    expect(await done.json()).toEqual({ ok: true, sessionsRevoked: true });
    expect(server.refreshTokens.size).toBe(0);
    expect((await server.app.request("/password_reset")).status).toBe(405);
  });

  test("the back office invites an account without a password, and only staff may", async () => {
    expect((await post("/staff/users/43/invite", {})).status).toBe(403);
    const staff = { Authorization: "Bearer staff" };
    const invited = await post("/staff/users/43/invite", {}, staff);
    expect(await invited.json()).toEqual({ isInvitation: true });
    expect((await post("/staff/users/99/invite", {}, staff)).status).toBe(409);
    const token = await readToken("jane@example.org");
    const link = await post("/password_reset/verify", { token });
    expect(await link.json()).toMatchObject({ isInvitation: true });
    const done = await post("/password_reset/complete", { token, newPassword: "correct horse battery" });
    expect(done.status).toBe(200);
  });
});
