import { describe, expect, test, vi } from "vitest";
import { eachTestOpens, locationOf, MIKE, PASSWORD, readField, readJson } from "./application.ts";
import { listen } from "./listen.ts";
import { frameworkSuite } from "./suite.ts";

const open = async () => {
  const { createApp } = await import("../express-existing/app.ts");
  return listen(createApp().set("trust proxy", "loopback"));
};

frameworkSuite("Express with sessions, body parsers and its own CSRF check", open, { hasOther: false });

describe("An existing Express application", () => {
  const { application, browser, readToken } = eachTestOpens(open);
  const BASE = "/password_reset";

  test("a person resets the password, signs in with the address prefilled, and is signed in at a link", async () => {
    const person = browser();
    await person.submit(BASE, { email: MIKE });
    const form = await person.follow(await person.get(`${BASE}/${await readToken()}`));
    const handle = readField(await form.text(), "handle");
    const passwords = { handle, password: PASSWORD, password_confirmation: PASSWORD };
    expect(locationOf(await person.submit(`${BASE}/new_password`, passwords))).toBe("/login?notice=password_set");

    const { email = "", csrf = "" } = await readJson(await person.get("/login?notice=password_set"));
    expect(email).toBe(MIKE);
    expect((await person.submit("/login", { email, password: PASSWORD })).status).toBe(403);
    expect(locationOf(await person.submit("/login", { email, password: PASSWORD, csrf }))).toBe("/");
    expect(await (await person.get("/")).text()).toBe("Signed in as 42");
    expect(locationOf(await person.get(BASE))).toBe("/");
  });

  test("a reset signs out everybody who signed in with the old password, and nobody who signs in afterwards", async () => {
    const { ports, passwordReset } = application();
    ports.users.set({ id: "42", email: MIKE, passwordHash: await ports.hasher.hash("the old one") });
    const signIn = async (password: string) => {
      const person = browser();
      const { csrf = "" } = await readJson(await person.get("/login"));
      await person.submit("/login", { email: "MIKE@Example.org", password, csrf });
      return person;
    };
    const read = async (person: ReturnType<typeof browser>) => (await person.get("/")).text();
    const earlier = await signIn("the old one");
    expect(await read(earlier)).toBe("Signed in as 42");
    await passwordReset.requestReset({ email: MIKE, ip: false });
    await passwordReset.completeReset({ token: await readToken(), newPassword: PASSWORD });
    const later = await signIn(PASSWORD);
    await passwordReset.drain();
    expect([await read(earlier), await read(later)]).toEqual(["Signed out", "Signed in as 42"]);
    expect(await read(await signIn("the old one"))).toBe("Signed out");
  });

  test("an unknown address takes as much work as a known one", async () => {
    const verify = vi.spyOn(application().ports.hasher, "verify");
    const person = browser();
    const { csrf = "" } = await readJson(await person.get("/login"));
    for (const email of [MIKE, "nobody@example.org"]) {
      verify.mockClear();
      expect((await person.submit("/login", { email, password: "a guess", csrf })).status).toBe(400);
      expect(verify).toHaveBeenCalledOnce();
    }
    verify.mockRestore();
  });
});
