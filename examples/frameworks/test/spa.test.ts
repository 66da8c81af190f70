import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { passwordResetClient } from "relatch/client";
import { describe, expect, onTestFinished, test, vi } from "vitest";

const SPA = "https://app.example.com";

/** The API on a server of this machine, and the client in a page of this origin. */
async function open(origin: string) {
  vi.resetModules();
  const { app, passwordReset } = await import("../spa/server.ts");
  const { ports, sessions } = await import("../password-reset.ts");
  const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 });
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const allowed: (string | null)[] = [];
  const client = passwordResetClient({
    url: `http://127.0.0.1:${port}/password_reset`,
    async fetch(input, init) {
      const response = await fetch(input, { ...init, headers: { ...init?.headers, Origin: origin } });
      allowed.push(response.headers.get("Access-Control-Allow-Origin"));
      return response;
    },
  });
  return { client, ports, sessions, passwordReset, allowed };
}

describe("A single-page application on another origin", () => {
  test("the client sets a new password once, by a link with the token behind the #", async () => {
    const { client, ports, sessions, passwordReset, allowed } = await open(SPA);
    expect(await client.requestReset({ email: "mike@example.org" })).toEqual({ ok: true });
    await passwordReset.drain();
    const token = new URLSearchParams(new URL(ports.mailer.lastLink("mike@example.org") ?? "").hash.slice(1)).get(
      "token",
    );
    expect(await client.verifyToken({ token: token ?? "" })).toMatchObject({ ok: true, email: "mike@example.org" });
    const refused = await client.completeReset({ token: token ?? "", newPassword: "short" });
    expect(refused).toMatchObject({ ok: false, reason: "password_rejected" });
    const done = await client.completeReset({ token: token ?? "", newPassword: "correct horse battery" });
    expect(done).toMatchObject({ ok: true, sessionsRevoked: true });
    expect(sessions.size).toBe(0);
    expect(await client.verifyToken({ token: token ?? "" })).toMatchObject({ reason: "invalid_or_expired_token" });
    expect(new Set(allowed)).toEqual(new Set([SPA]));
  });

  test("a page of any other origin is refused", async () => {
    const { client, ports, passwordReset, allowed } = await open("https://evil.example");
    expect(await client.requestReset({ email: "mike@example.org" })).toMatchObject({ ok: false, reason: "cross_site" });
    await passwordReset.drain();
    expect(ports.mailer.sent).toEqual([]);
    expect(allowed).toEqual([null]);
  });
});
