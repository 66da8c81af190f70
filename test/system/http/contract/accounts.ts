import { describe, expect, it } from "vitest";
import { attributesOf, expectPassword, type Launch, secureAt, signIn } from "./helpers.ts";

/** Tests how the example applications sign people in and out. */
export function accountsContract(name: string, launch: Launch): void {
  describe(`${name}: signing in and out`, () => {
    it("each sign-in opens a new session in a strict cookie", async () => {
      const { app, mike, client, visitor } = await launch();
      const first = await signIn(client, mike);
      expect(attributesOf(first.cookies[0])).toEqual({ Path: "/", HttpOnly: true, SameSite: "Lax", ...secureAt(app) });
      const planted = first.cookies[0]?.split(";")[0] ?? "";
      const second = await signIn(client, mike);
      expect(second.cookies[0]?.split(";")[0]).not.toBe(planted);
      expect((await visitor().get("/", { Cookie: planted })).headers.location).toBe("/login");
    });

    it("signing out ends the session", async () => {
      const { mike, client } = await launch();
      const cookie = (await signIn(client, mike)).cookies[0]?.split(";")[0] ?? "";
      expect((await client.post("/logout", {})).headers.location).toBe("/login");
      expect((await client.get("/", { Cookie: cookie })).headers.location).toBe("/login");
    });

    it("signing out leads back to a path of this site and to no other site", async () => {
      const { mike, client } = await launch();
      await expectPassword(client, mike);
      expect((await client.post("/logout", { return_to: "/password_reset" })).headers.location).toBe("/password_reset");
      for (const path of ["//evil.example", "/\\evil.example", "https://evil.example", "x", ""]) {
        expect((await client.post("/logout", { return_to: path })).headers.location).toBe("/login");
      }
    });

    it.each(["/login", "/logout"])("%s refuses other methods, types, sizes and sites", async (path) => {
      const { client } = await launch();
      const FORM_TYPE = "application/x-www-form-urlencoded";
      const headers = { "Sec-Fetch-Site": "same-origin", "Content-Type": FORM_TYPE };
      for (const method of ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"]) {
        const answer = await client.send(method, path, { headers });
        expect(answer.status).toBe(405);
        expect(answer.headers.allow).toContain("POST");
      }
      for (const type of [
        "",
        "text/plain",
        "application/json",
        "multipart/form-data; boundary=x",
        `${FORM_TYPE}; charset=latin1`,
      ]) {
        const sent = { headers: { ...headers, "Content-Type": type }, body: "email=mike@example.org" };
        expect((await client.send("POST", path, sent)).status).toBe(415);
      }
      for (const site of [{ Origin: "https://evil.example" }, { "Sec-Fetch-Site": "cross-site" }, { Origin: "null" }]) {
        const sent = { headers: { ...headers, ...(site as Record<string, string>) }, body: "email=mike@example.org" };
        expect((await client.send("POST", path, sent)).status).toBe(403);
      }
      for (const chunked of [{}, { "Transfer-Encoding": "chunked" }]) {
        const sent = { headers: { ...headers, ...(chunked as Record<string, string>) }, body: "x".repeat(20_000) };
        expect((await client.send("POST", path, sent)).status).toBe(413);
      }
    });

    it("wrong passwords and unknown addresses get the same response, and guessing is slowed down", async () => {
      const { mike, client } = await launch();
      const wrong = await signIn(client, { ...mike, password: "wrong-password" });
      const unknown = await signIn(client, { email: "nobody@example.org", password: "wrong-password" });
      expect(wrong.status).toBe(400);
      expect(wrong.body.replace(mike.email, "")).toBe(unknown.body.replace("nobody@example.org", ""));
      for (let i = 0; i < 9; i++) await signIn(client, { ...mike, password: `guess-${i}` });
      const locked = await signIn(client, mike);
      expect(locked.status).toBe(429);
      expect(Number(locked.headers["retry-after"])).toBeGreaterThan(0);
    });
  });
}
