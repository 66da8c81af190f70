import type { Application } from "express";
import { describe, expect, test } from "vitest";
import { eachTestOpens, locationOf, MIKE, PASSWORD, readField } from "./application.ts";
import { listen } from "./listen.ts";
import { frameworkSuite } from "./suite.ts";

const BASE = "/password_reset";

async function createApp(add: (app: Application) => unknown) {
  const { createApp } = await import("../express-ejs/app.ts");
  const app = createApp();
  add(app);
  return listen(app);
}

describe("Express with your own routes and EJS templates", () => {
  const { browser, application, readToken } = eachTestOpens(async () => {
    const { router } = await import("../express-ejs/own-routes.ts");
    return createApp((app) => app.use(router));
  });

  async function openLink() {
    const person = browser();
    expect(locationOf(await person.submit(BASE, { email: MIKE }))).toBe(`${BASE}/sent`);
    const link = `${BASE}/${await readToken()}`;
    expect(locationOf(await person.get(link))).toBe(`${BASE}/new_password`);
    return { person, link };
  }

  const isChanged = async () => {
    const { users, hasher } = application().ports;
    return hasher.verify(users.get("42")?.passwordHash ?? "", PASSWORD);
  };

  test("a person who forgot the password sets a new one, once", async () => {
    const { person, link } = await openLink();
    const form = await person.get(`${BASE}/new_password`);
    const email = readField(await form.text(), "email");
    expect(email).toBe(MIKE);
    const different = await person.submit(`${BASE}/new_password`, { email, password: PASSWORD, confirmation: "x" });
    expect([different.status, await different.text()]).toEqual([422, expect.stringContaining("match")]);
    const short = await person.submit(`${BASE}/new_password`, { email, password: "short", confirmation: "short" });
    expect([short.status, await short.text()]).toEqual([422, expect.stringContaining("at least 8 characters")]);
    const passwords = { email, password: PASSWORD, confirmation: PASSWORD };
    expect(locationOf(await person.submit(`${BASE}/new_password`, passwords))).toBe("/login?notice=password_set");
    expect(await isChanged()).toBe(true);
    expect(person.cookie("__Host-link")).toBeUndefined();
    expect(application().sessions.size).toBe(0);
    expect(locationOf(await browser().get(link))).toBe(`${BASE}?notice=invalid_or_expired_token`);
    expect(await (await person.get(`${BASE}?notice=invalid_or_expired_token`)).text()).toContain("no longer works");
  });

  test("a form never sets the password of another link's account", async () => {
    const { person } = await openLink();
    const passwords = { email: "jane@example.org", password: PASSWORD, confirmation: PASSWORD };
    expect(locationOf(await person.submit(`${BASE}/new_password`, passwords))).toContain("invalid_or_expired_token");
    expect(await isChanged()).toBe(false);
  });

  test("forms of other sites are refused", async () => {
    const { person } = await openLink();
    const passwords = { email: MIKE, password: PASSWORD, confirmation: PASSWORD };
    for (const Origin of ["https://evil.example", "null"]) {
      expect((await person.submit(`${BASE}/new_password`, passwords, { Origin })).status).toBe(403);
    }
    expect(await isChanged()).toBe(false);
  });

  test("whatever is typed is escaped, and no input leads to a 500", async () => {
    const person = browser();
    const typed = await person.submit(BASE, { email: `"><script>` });
    expect(typed.status).toBe(400);
    expect(await typed.text()).not.toContain("<script>");
    for (const path of [BASE, `${BASE}/new_password`]) {
      const empty = await person.submit(path, {}, { "Content-Type": "text/plain" });
      expect(empty.status).toBeLessThan(500);
      expect((await person.submit(path, { "email[a]": "x", "password[b]": "y" })).status).toBeLessThan(500);
    }
  });
});

describe("Express with a form that is posted to the link", () => {
  const { browser, application, readToken } = eachTestOpens(async () => {
    const { router } = await import("../express-ejs/link-form.ts");
    return createApp((app) => app.use(router));
  });

  test("the form at the link sets a new password once", async () => {
    const person = browser();
    expect((await person.submit(BASE, { email: MIKE })).status).toBe(200);
    const link = `${BASE}/${await readToken()}`;
    const form = await person.get(link);
    expect(readField(await form.text(), "email")).toBe(MIKE);
    // A page with "no-referrer" would post its form with "Origin: null".
    expect(form.headers.get("Referrer-Policy")).toBe("strict-origin");
    const short = await person.submit(link, { email: MIKE, password: "short", confirmation: "short" });
    expect([short.status, await short.text()]).toEqual([422, expect.stringContaining("at least 8 characters")]);
    const different = await person.submit(link, { email: MIKE, password: PASSWORD, confirmation: "x" });
    expect([different.status, await different.text()]).toEqual([422, expect.stringContaining("match")]);
    const passwords = { email: MIKE, password: PASSWORD, confirmation: PASSWORD };
    expect((await person.submit(link, passwords, { Origin: "https://evil.example" })).status).toBe(403);
    const done = await person.submit(link, passwords);
    expect(locationOf(done)).toBe("/login?notice=password_set");
    const { users, hasher } = application().ports;
    expect(await hasher.verify(users.get("42")?.passwordHash ?? "", PASSWORD)).toBe(true);
    expect((await person.get(link)).status).toBe(400);
    expect((await person.submit(link, passwords)).status).toBe(400);
  });
});

frameworkSuite(
  "Express with your own EJS pages",
  async () => {
    const { addPasswordReset } = await import("../express-ejs/own-pages.ts");
    return createApp((app) => addPasswordReset(app));
  },
  { hasOther: false, showsAddress: false },
);
