import { describe, expect, test } from "vitest";
import { eachTestOpens, locationOf, MIKE, PASSWORD } from "./application.ts";
import { frameworkSuite } from "./suite.ts";

const METHODS = ["GET", "HEAD", "POST"] as const;

frameworkSuite(
  "Next.js",
  async () => {
    const route = await import("../next/route.ts");
    return {
      send(request, ip) {
        request.headers.set("x-real-ip", ip); // as the proxy does
        const method = METHODS.find((name) => name === request.method);
        return method ? route[method](request) : Promise.resolve(new Response(null, { status: 405 }));
      },
    };
  },
  { hasOther: false },
);

describe("Next.js with server actions", () => {
  const { application, readToken } = eachTestOpens(async () => ({ send: async () => new Response() }));

  async function open() {
    const { requestReset, setPassword } = await import("../next/actions.ts");
    const { GET } = await import("../next/link.ts");
    const { request } = await import("next/headers");
    const openLink = async (token: string) => {
      const response = await GET(new Request("https://app.example.com"), { params: Promise.resolve({ token }) });
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(response.headers.getSetCookie()[0] ?? "") ?? [];
      if (name) (request as unknown as { cookies: Map<string, string> }).cookies.set(name, value);
      return locationOf(response);
    };
    return { requestReset, setPassword, openLink };
  }

  const fill = (fields: Record<string, string>) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    return form;
  };

  test("the actions set a new password once", async () => {
    const { requestReset, setPassword, openLink } = await open();
    expect(await requestReset(undefined, fill({ email: "no address" }))).toEqual({
      ok: false,
      reason: "invalid_email",
    });
    expect(await requestReset(undefined, fill({ email: MIKE }))).toEqual({ ok: true });
    const token = await readToken();
    expect(await openLink(token)).toBe("/reset/new_password");
    const refused = await setPassword(undefined, fill({ email: MIKE, password: "short" }));
    expect(refused).toMatchObject({ reason: "password_rejected", violations: expect.any(Array) });
    await expect(setPassword(undefined, fill({ email: MIKE, password: PASSWORD }))).rejects.toThrow("password_set");
    const { users, hasher } = application().ports;
    expect(await hasher.verify(users.get("42")?.passwordHash ?? "", PASSWORD)).toBe(true);
    expect(await openLink(token)).toBe("/reset?notice=invalid_or_expired_token");
  });

  test("a form never sets the password of another link's account", async () => {
    const { requestReset, setPassword, openLink } = await open();
    await requestReset(undefined, fill({ email: MIKE }));
    await openLink(await readToken());
    const other = fill({ email: "jane@example.org", password: PASSWORD });
    await expect(setPassword(undefined, other)).rejects.toThrow("invalid_or_expired_token");
    expect(application().ports.users.get("42")?.passwordHash).toBe("old-hash");
  });
});
