import { describe, expect, it } from "vitest";
import { attributesOf, type Launch, secureAt, signIn } from "./helpers.ts";

/** Signing in and out. */
export function accountsContract(name: string, launch: Launch): void {
  describe(`${name}: signing in and out`, () => {
    it("opens a new session each time, in a strict cookie", async () => {
      const { app, mike, client, visitor } = await launch();
      const first = await signIn(client, mike);
      expect(attributesOf(first.cookies[0])).toEqual({
        Path: "/",
        HttpOnly: true,
        SameSite: "Lax",
        ...secureAt(app),
      });
      const planted = first.cookies[0]?.split(";")[0] ?? "";
      const second = await signIn(client, mike);
      expect(second.cookies[0]?.split(";")[0]).not.toBe(planted);
      expect((await visitor().get("/", { Cookie: planted })).headers.location).toBe("/login");
    });

    it("ends with signing out", async () => {
      const { mike, client } = await launch();
      const cookie = (await signIn(client, mike)).cookies[0]?.split(";")[0] ?? "";
      expect((await client.post("/logout", {})).headers.location).toBe("/login");
      expect((await client.get("/", { Cookie: cookie })).headers.location).toBe("/login");
    });

    it("says the same of a wrong password and an unknown address, and slows down guessing", async () => {
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
