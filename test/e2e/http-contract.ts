import { describe, expect, it, onTestFinished } from "vitest";
import { type Answer, attribute, Client } from "./client.ts";

/** An application under test, on a port of its own. */
export interface RunningApp {
  /** What its links start with. */
  origin: string;
  port: number;
  accounts: readonly [Account, Account];
  /** Waits until every promised mail is delivered, and answers all so far, the newest first. */
  mails(): Promise<readonly Mail[]>;
  close(): Promise<void>;
}

export type Account = { email: string; password: string };

export interface Mail {
  kind: string;
  to: string;
  subject: string;
  text: string;
  html?: string | undefined;
}

export interface StartOptions {
  /** Default: the address it listens at. */
  origin?: string;
  revealUnknown?: boolean;
  limits?: { client?: { max: number; windowSeconds: number } };
}

export type StartApp = (options?: StartOptions) => Promise<RunningApp>;

const NEW_PASSWORD = "a-quiet-harbour-at-dawn";
const INVALID_TOKEN = "That is an invalid or expired token";
const FORM = "/password_reset/new_password";

/** What the reset pages promise over HTTP, whichever framework serves them. */
export function httpContract(name: string, start: StartApp): void {
  async function launch(options?: StartOptions) {
    const app = await start(options);
    onTestFinished(() => app.close());
    const [mike, jane] = app.accounts;
    return { app, mike, jane, client: new Client(app.port) };
  }

  describe(`${name}: the flow`, () => {
    it("sets the new password, once, and ends what the old one opened", async () => {
      const { app, mike, client } = await launch();
      const elsewhere = new Client(app.port);
      await signIn(elsewhere, mike);
      expect((await elsewhere.get("/")).body).toContain(mike.email);

      const sent = await client.post("/password_reset", { email: mike.email });
      expect(sent.status).toBe(200);
      const link = await linkTo(app, mike.email);
      const opened = await client.get(link);
      expect(opened.status).toBe(303);
      const form = await client.follow(opened);
      expect(form.status).toBe(200);
      const done = await submit(client, form, NEW_PASSWORD);
      expect(done.status).toBe(303);
      const login = await client.follow(done);
      expect(login.body).toContain("Your password was set. Try to log in.");

      expect((await signIn(client, mike)).status).toBe(400);
      expect((await elsewhere.get("/")).headers.location).toBe("/login");
      expect((await signIn(client, { ...mike, password: NEW_PASSWORD })).headers.location).toBe("/");
      expect((await client.get("/")).body).toContain("<dt>Devices signed in</dt><dd>1</dd>");
      await expectDead(new Client(app.port), link);
      await expectDead(client, link, "/");

      const notices = (await app.mails()).filter(({ kind }) => kind === "password_changed");
      expect(notices.map(({ to }) => to)).toEqual([mike.email]);
      expect(notices[0]?.text).not.toMatch(/https?:/);
      // By now the revocation has run once more, and has left alone what the new password opened.
      expect((await client.get("/")).status).toBe(200);
    });

    it("CVE-2010-5080: sets no cookie but the grant, and no token shows after the link", async () => {
      const { app, mike, client } = await launch();
      const asked = await client.post("/password_reset", { email: mike.email });
      const link = await linkTo(app, mike.email);
      const token = link.slice(link.lastIndexOf("/") + 1);
      const opened = await client.get(link);
      const form = await client.follow(opened);
      const refused = await submit(client, form, NEW_PASSWORD, "another-one-altogether");
      const done = await submit(client, form, NEW_PASSWORD);
      const answers = [asked, opened, form, refused, done, await client.follow(done)];

      const names = answers.flatMap(({ cookies }) => cookies.map((line) => line.split("=")[0]));
      expect(new Set(names)).toEqual(new Set(["password_reset"]));
      expect(done.cookies[0]).toMatch(/^password_reset=;.*Expires=Thu, 01 Jan 1970/);
      for (const { headers, body } of answers) {
        const { "set-cookie": _, ...rest } = headers;
        expect(body + JSON.stringify(rest)).not.toContain(token);
      }
    });

    it("takes both passwords at the link itself, from clients that are no browsers", async () => {
      const { app, mike, client } = await launch();
      const link = await requestLink(app, client, mike);
      const refused = await client.post(link, { password: "1234567", password_confirmation: "1234567" });
      expect(refused.status).toBe(400);
      expect(refused.body).toContain("Use at least 8 characters.");
      expect(refused.headers["referrer-policy"]).toBe("strict-origin");
      expect(attribute(refused.body, 'method="post"', "action")).toBe(FORM);

      const done = await new Client(app.port).post(link, both(NEW_PASSWORD));
      expect(done.headers.location).toBe("/login?notice=password_set");
      expect((await client.post(link, both(NEW_PASSWORD))).headers.location).toBe(INVALID_LOCATION);
    });

    it("goes on from a refusal at the link in the form", async () => {
      const { app, mike, client } = await launch();
      const link = await requestLink(app, client, mike);
      const refused = await client.post(link, both("1234567"));
      expect((await submit(client, refused, NEW_PASSWORD)).headers.location).toBe(
        "/login?notice=password_set",
      );
    });

    it("sends a signed-in person home from every reset page", async () => {
      const { app, mike, jane, client } = await launch();
      const link = await requestLink(app, client, mike);
      await signIn(client, jane);
      const answers = [
        await client.get("/password_reset"),
        await client.get(link),
        await client.get(FORM),
        await client.post("/password_reset", { email: mike.email }),
        await client.post(FORM, both(NEW_PASSWORD)),
        await client.post(link, both(NEW_PASSWORD)),
      ];
      expect(answers.map(({ status, headers }) => [status, headers.location])).toEqual(
        answers.map(() => [303, "/"]),
      );
    });

    it("points password managers to the reset page", async () => {
      const { client } = await launch();
      const answer = await client.get("/.well-known/change-password");
      expect([answer.status, answer.headers.location]).toEqual([303, "/password_reset"]);
    });

    it("is linked from the login page", async () => {
      const { client } = await launch();
      expect((await client.get("/login")).body).toContain('href="/password_reset"');
    });
  });

  describe(`${name}: the link`, () => {
    it("moves the token into a cookie and the browser to a clean URL", async () => {
      const { app, mike, client } = await launch();
      const opened = await client.get(await requestLink(app, client, mike), {
        "Sec-Fetch-Site": "cross-site",
      });
      expect(opened.headers).toMatchObject({
        location: FORM,
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
      });
      expect(attributesOf(opened.cookies[0])).toEqual({
        "Max-Age": "900",
        Path: "/password_reset",
        Expires: expect.any(String),
        HttpOnly: true,
        SameSite: "Lax",
      });
    });

    it("marks the cookie Secure on https", async () => {
      const { app, mike, client } = await launch({ origin: "https://app.example.com" });
      const link = await requestLink(app, client, mike);
      expect(link).toMatch(/^https:\/\/app\.example\.com\/password_reset\/[\w-]{43}$/);
      const [cookie] = (await client.get(link)).cookies;
      expect(cookie).toMatch(/^__Secure-password_reset=/);
      expect(attributesOf(cookie)).toMatchObject({ Secure: true });
    });

    it("mail scanners: HEAD, twenty GETs and empty POSTs leave it as it was", async () => {
      const { app, mike, client } = await launch();
      const link = await requestLink(app, client, mike);
      for (let i = 0; i < 20; i++) await client.get(link);
      const head = await client.send("HEAD", link);
      expect([head.status, head.body]).toEqual([303, ""]);
      const form = await client.get(FORM);
      await client.send("HEAD", FORM);
      const handle = attribute(form.body, 'name="handle"', "value") ?? "";
      expect((await client.post(FORM, { handle })).body).toContain("Enter a password.");
      expect((await client.post(link, {})).body).toContain("Enter a password.");
      expect((await submit(client, form, NEW_PASSWORD)).headers.location).toBe("/login?notice=password_set");
    });

    it("leads back to the request when it is invalid", async () => {
      const { client } = await launch();
      const junk = ["x", "A".repeat(43), "A".repeat(5000), "%00", "new_password%20", "'--", "%3Cscript%3E"];
      for (const token of junk) await expectDead(client, `/password_reset/${token}`);
    });

    it("answers a path that cannot be decoded with a plain page", async () => {
      const { client } = await launch();
      expectPlainProblem(await client.get("/password_reset/%E0%A4%A"), 400);
    });

    it("is verified again with each page: a grant of a link used elsewhere is worth nothing", async () => {
      const { app, mike, client } = await launch();
      const link = await requestLink(app, client, mike);
      const form = await client.follow(await client.get(link));
      await new Client(app.port).post(link, both(NEW_PASSWORD));
      expect((await submit(client, form, "another-password-altogether")).headers.location).toBe(
        INVALID_LOCATION,
      );

      const other = new Client(app.port);
      const grant = { Cookie: `password_reset=${link.slice(link.lastIndexOf("/") + 1)}` };
      expect((await other.get(FORM, grant)).headers.location).toBe(INVALID_LOCATION);
      expect((await signIn(other, { ...mike, password: NEW_PASSWORD })).headers.location).toBe("/");
    });

    it("a double click sets one password, and shows no fault", async () => {
      const { app, mike, client } = await launch();
      const form = await client.follow(await client.get(await requestLink(app, client, mike)));
      const answers = await Promise.all([
        submit(client, form, NEW_PASSWORD),
        submit(client, form, NEW_PASSWORD),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([303, 303]);
      expect(answers.map(({ headers }) => headers.location)).toContain("/login?notice=password_set");
      expect((await signIn(client, { ...mike, password: NEW_PASSWORD })).headers.location).toBe("/");
    });

    it("says to open it again where its cookie is missing", async () => {
      const { client } = await launch();
      for (const answer of [await client.get(FORM), await client.post(FORM, both(NEW_PASSWORD))]) {
        expect(answer.status).toBe(303);
        expect((await client.follow(answer)).body).toContain("Open your link again");
      }
    });

    it("two links in two tabs: a form never sets the password of the other link's account", async () => {
      const { app, mike, jane, client } = await launch();
      const mikes = await client.follow(await client.get(await requestLink(app, client, mike)));
      const janes = await client.follow(await client.get(await requestLink(app, client, jane)));
      const crossed = await submit(client, mikes, NEW_PASSWORD);
      expect((await client.follow(crossed)).body).toContain("Open your link again");
      for (const account of [mike, jane]) {
        expect((await signIn(new Client(app.port), account)).headers.location).toBe("/");
      }
      // The way back drops the cookie, so that the other tab has to be opened again as well.
      expect((await submit(client, janes, NEW_PASSWORD)).status).toBe(303);
    });

    it("CVE-2025-50433, GHSA-93x3-m7pw-ppqm: sets its own account's password, whatever else the form says", async () => {
      const { app, mike, jane, client } = await launch();
      const form = await client.follow(await client.get(await requestLink(app, client, mike)));
      const handle = attribute(form.body, 'name="handle"', "value") ?? "";
      const extra = { email: jane.email, username: jane.email, userId: "1", user: jane.email, token: "x" };
      await client.post(`${FORM}?email=${jane.email}&token=x`, { ...extra, ...both(NEW_PASSWORD), handle });
      expect((await signIn(client, { ...mike, password: NEW_PASSWORD })).headers.location).toBe("/");
      expect((await signIn(new Client(app.port), jane)).headers.location).toBe("/");
    });
  });

  describe(`${name}: the form`, () => {
    it("is what people and password managers need", async () => {
      const { app, mike, client } = await launch();
      const { body, headers } = await client.follow(await client.get(await requestLink(app, client, mike)));
      for (const field of ["password", "password_confirmation"]) {
        expect(attribute(body, `name="${field}"`, "type")).toBe("password");
        expect(attribute(body, `name="${field}"`, "autocomplete")).toBe("new-password");
      }
      expect(attribute(body, 'autocomplete="username"', "value")).toBe(mike.email);
      expect(body).toContain("At least 8 characters.");
      expect(headers).toMatchObject({ "referrer-policy": "same-origin", "cache-control": "no-store" });
    });

    it("shows each error at its field, and keeps the link", async () => {
      const { app, mike, client } = await launch();
      const form = await client.follow(await client.get(await requestLink(app, client, mike)));
      const different = await submit(client, form, NEW_PASSWORD, `${NEW_PASSWORD} `);
      expect(different.status).toBe(400);
      expect(errorAt(different, "password_confirmation")).toBe(
        "The two passwords were different. Enter both again.",
      );
      expect(errorAt(different, "password")).toBeUndefined();
      expect(different.body).not.toContain(NEW_PASSWORD);

      const short = await submit(client, different, "1234567");
      expect(short.status).toBe(400);
      expect(errorAt(short, "password")).toBe("Use at least 8 characters.");
      expect(errorAt(short, "password_confirmation")).toBeUndefined();
      expect(errorAt(await submit(client, short, "password1"), "password")).toMatch(/most common/);
      expect((await submit(client, short, NEW_PASSWORD)).headers.location).toBe("/login?notice=password_set");
    });

    it.each([
      ["nothing", []],
      ["one of the two", [["password", NEW_PASSWORD]]],
      ["both twice", [...pairs(NEW_PASSWORD), ...pairs(NEW_PASSWORD)]],
      [
        "arrays",
        [
          ["password[]", NEW_PASSWORD],
          ["password_confirmation[]", NEW_PASSWORD],
        ],
      ],
      [
        "objects",
        [
          ["password[a]", NEW_PASSWORD],
          ["password_confirmation[a]", NEW_PASSWORD],
        ],
      ],
      [
        "prototypes",
        [
          ["__proto__[password]", NEW_PASSWORD],
          ["constructor[prototype][password]", NEW_PASSWORD],
        ],
      ],
    ] as const)("refuses %s, and nothing changes", async (_, fields) => {
      const { app, mike, client } = await launch();
      const form = await client.follow(await client.get(await requestLink(app, client, mike)));
      const handle = attribute(form.body, 'name="handle"', "value") ?? "";
      expect((await client.post(FORM, [["handle", handle], ...fields])).status).toBe(400);
      expect((await signIn(new Client(app.port), mike)).headers.location).toBe("/");
      expect((await submit(client, form, NEW_PASSWORD)).headers.location).toBe("/login?notice=password_set");
    });
  });

  describe(`${name}: the request`, () => {
    it("answers an unknown address with the same bytes as a known one", async () => {
      const { app, mike, client } = await launch();
      const known = await client.post("/password_reset", { email: mike.email });
      const unknown = await client.post("/password_reset", { email: "nobody@example.org" });
      expect(comparable(unknown)).toEqual(comparable(known));
      expect((await app.mails()).map(({ to }) => to)).toEqual([mike.email]);
    });

    it("tells unknown addresses where the application chose to", async () => {
      const { app, mike, client } = await launch({ revealUnknown: true });
      const unknown = await client.post("/password_reset", { email: "nobody@example.org" });
      expect(unknown.status).toBe(400);
      expect(errorAt(unknown, "email")).toBe("There is no account with this e-mail address.");
      expect((await client.post("/password_reset", { email: mike.email.toUpperCase() })).status).toBe(200);
      expect(await app.mails()).toHaveLength(1);
    });

    it.each([
      [
        "CVE-2023-7028: the field twice",
        [
          ["email", "mike@example.org"],
          ["email", "eve@example.net"],
        ],
      ],
      [
        "CVE-2023-7028: an array",
        [
          ["email[]", "mike@example.org"],
          ["email[]", "eve@example.net"],
        ],
      ],
      ["CVE-2023-7028: an index", [["email[0]", "mike@example.org"]]],
      ["an object", [["email[$ne]", "x"]]],
      ["a prototype", [["__proto__[email]", "mike@example.org"]]],
      ["CVE-2022-35924: two addresses in one", [["email", "mike@example.org,eve@example.net"]]],
      ["a header", [["email", "mike@example.org\r\nBcc: eve@example.net"]]],
      ["nothing", []],
    ] as const)("refuses %s", async (_, fields) => {
      const { app, client } = await launch();
      const answer = await client.post("/password_reset", fields);
      expect(answer.status).toBe(400);
      expect(errorAt(answer, "email")).toBe("Enter one e-mail address, like name@example.com.");
      expect(await app.mails()).toEqual([]);
    });

    it("reads the body alone", async () => {
      const { app, mike, client } = await launch();
      expect((await client.post(`/password_reset?email=${mike.email}`, {})).status).toBe(400);
      expect(await app.mails()).toEqual([]);
    });

    it("CVE-2025-68115, CVE-2021-21332: what was typed comes back as text", async () => {
      const { client } = await launch();
      const attack = `"'><script>alert(1)</script>`;
      const answer = await client.post("/password_reset", { email: attack });
      expect(answer.body).not.toContain("<script");
      expect(attribute(answer.body, 'name="email"', "value")).toBe(
        "&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;",
      );
      const notice = await client.get(`/password_reset?notice=${encodeURIComponent(attack)}`);
      expect(notice.body).not.toContain("alert(1)");
    });

    it("answers too many with 429, when to come back, and a page", async () => {
      const { client, mike } = await launch({ limits: { client: { max: 1, windowSeconds: 600 } } });
      await client.post("/password_reset", { email: "nobody@example.org" });
      const answer = await client.post("/password_reset", { email: mike.email });
      expect(answer.status).toBe(429);
      expect(Number(answer.headers["retry-after"])).toBeGreaterThan(590);
      expect(answer.body).toContain("Please try again in 10 minutes.");
    });
  });

  describe(`${name}: at the door`, () => {
    const targets = ["/password_reset", FORM, `/password_reset/${"A".repeat(43)}`, "/login", "/logout"];

    it.each(targets)("CVE-2023-38759: %s takes POSTs from its own pages only", async (path) => {
      const { app, client } = await launch();
      const foreign: Record<string, string>[] = [
        { "Sec-Fetch-Site": "cross-site" },
        { "Sec-Fetch-Site": "same-site" },
        { "Sec-Fetch-Site": "none" },
        { "Sec-Fetch-Site": "cross-site", Origin: app.origin },
        { Origin: "null" },
        { Origin: "https://evil.example" },
        { Origin: app.origin.replace("http:", "https:") },
        { Origin: `${app.origin}.evil.example` },
        {},
      ];
      for (const headers of foreign)
        expectPlainProblem(await client.send("POST", path, { form: {}, headers }), 403);
      const ours = [{ "Sec-Fetch-Site": "same-origin" }, { Origin: app.origin }];
      for (const headers of ours) {
        expect((await client.send("POST", path, { form: {}, headers })).status).not.toBe(403);
      }
    });

    it.each(targets)("%s refuses other methods, types and sizes", async (path) => {
      const { client } = await launch();
      const headers = {
        "Sec-Fetch-Site": "same-origin",
        "Content-Type": "application/x-www-form-urlencoded",
      };
      for (const method of ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"]) {
        const answer = await client.send(method, path, { headers });
        expectPlainProblem(answer, 405);
        expect(answer.headers.allow).toBe(path === "/logout" ? "POST" : "GET, HEAD, POST");
      }
      for (const type of [
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencodedx",
      ]) {
        const sent = { headers: { ...headers, "Content-Type": type }, body: "email=mike@example.org" };
        expectPlainProblem(await client.send("POST", path, sent), 415);
      }
      const zipped = { ...headers, "Content-Encoding": "gzip" };
      expectPlainProblem(await client.send("POST", path, { headers: zipped, body: "email=x" }), 415);
      expectPlainProblem(
        await client.send("POST", path, { headers, body: `email=${"a".repeat(16 * 1024)}` }),
        413,
      );
      const fits = await client.send("POST", path, { headers, body: `email=${"a".repeat(16 * 1024 - 6)}` });
      expect(fits.status).not.toBe(413);
    });

    it("every page carries the same strict headers", async () => {
      const { app, mike, client } = await launch();
      const link = await requestLink(app, client, mike);
      const pages = [
        "/login",
        "/password_reset",
        link,
        FORM,
        "/password_reset?notice=open_link_again",
        "/nowhere",
      ];
      for (const page of pages) {
        const { headers } = await client.get(page);
        expect(headers["content-security-policy"]).toMatch(
          /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
        );
        expect(headers).toMatchObject({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
        expect(headers).not.toHaveProperty("x-powered-by");
      }
      for (const page of ["/login", "/password_reset", FORM]) {
        const { body, headers } = await client.get(page);
        expect(body).not.toMatch(/<script|\son\w+=|style="|https?:\/\/(?!www\.w3\.org)/);
        expect(headers["referrer-policy"]).toBe("same-origin");
      }
    });

    it("CVE-2017-8295, CVE-2012-4520, CVE-2025-64101: no header gets into a link or a redirect", async () => {
      const { app, client, mike } = await launch();
      const poison = {
        Host: "app.test:80@evil.test",
        Forwarded: "host=evil.test;proto=https",
        "X-Forwarded-Host": "evil.test",
        "X-Forwarded-Proto": "https://evil.test/?",
        "X-Forwarded-Server": "evil.test",
        "X-Host": "evil.test",
        "X-Original-URL": "/evil.test",
        "X-Rewrite-URL": "/evil.test",
        Referer: "https://evil.test/",
        Origin: "https://evil.test",
      };
      const asked = await client.send("POST", "/password_reset", {
        form: [
          ["email", mike.email],
          ["redirect_uri", "https://evil.test"],
          ["next", "//evil.test"],
          ["to", "eve@evil.test"],
        ],
        headers: { ...poison, "Sec-Fetch-Site": "same-origin" },
      });
      expect(asked.status).toBe(200);
      const link = await linkTo(app, mike.email);
      expect(link).toMatch(new RegExp(`^${app.origin}/password_reset/[\\w-]{43}$`));
      expect(JSON.stringify(await app.mails())).not.toContain("evil");

      const target = `http://evil.test${new URL(link).pathname}`;
      const answers = [
        asked,
        await client.get(link, poison),
        await client.send("GET", link, { target, headers: { Host: "evil.test" } }),
        await client.get("/.well-known/change-password", poison),
        await client.get("/", poison),
      ];
      expect(JSON.stringify(answers)).not.toContain("evil");
      expect(answers.map(({ headers }) => headers.location)).toEqual([
        undefined,
        FORM,
        FORM,
        "/password_reset",
        "/login",
      ]);
    });

    it("speaks the visitor's language, on pages, in refusals and in the mail", async () => {
      const { app, mike, client } = await launch();
      const russian = { "Accept-Language": "de, ru-RU;q=0.9, en;q=0.8" };
      const page = await client.get("/password_reset", russian);
      expect(page.body).toMatch(/<html lang="ru">/);
      expect(page.body).toContain("Прислать ссылку");
      await client.post("/password_reset", { email: mike.email }, russian);
      const [mail] = await app.mails();
      expect(mail?.subject).toMatch(/[а-я]/);
      const form = await client.follow(await client.get(await linkTo(app, mike.email)));
      const handle = attribute(form.body, 'name="handle"', "value") ?? "";
      const refused = await client.post(FORM, { ...both("1234567"), handle }, russian);
      expect(errorAt(refused, "password")).toMatch(/[а-я]/);
      expect((await client.get("/password_reset", { "Accept-Language": "fr" })).body).toContain('lang="en"');
    });
  });

  describe(`${name}: signing in and out`, () => {
    it("opens a new session each time, in a strict cookie", async () => {
      const { app, mike, client } = await launch();
      const first = await signIn(client, mike);
      expect(attributesOf(first.cookies[0])).toEqual({ Path: "/", HttpOnly: true, SameSite: "Lax" });
      const planted = first.cookies[0]?.split(";")[0] ?? "";
      const second = await signIn(client, mike);
      expect(second.cookies[0]?.split(";")[0]).not.toBe(planted);
      expect((await new Client(app.port).get("/", { Cookie: planted })).headers.location).toBe("/login");
    });

    it("ends with signing out", async () => {
      const { mike, client } = await launch();
      const cookie = (await signIn(client, mike)).cookies[0]?.split(";")[0] ?? "";
      expect((await client.post("/logout", {})).headers.location).toBe("/login");
      expect((await client.get("/", { Cookie: cookie })).headers.location).toBe("/login");
    });

    it("says the same of a wrong password and an unknown address, and slows down guessing", async () => {
      const { app, mike, client } = await launch();
      const wrong = await signIn(client, { ...mike, password: "wrong-password" });
      const unknown = await signIn(client, { email: "nobody@example.org", password: "wrong-password" });
      expect(wrong.status).toBe(400);
      expect(wrong.body.replace(mike.email, "")).toBe(unknown.body.replace("nobody@example.org", ""));
      for (let i = 0; i < 9; i++) await signIn(client, { ...mike, password: `guess-${i}` });
      const locked = await signIn(new Client(app.port), mike);
      expect(locked.status).toBe(429);
      expect(Number(locked.headers["retry-after"])).toBeGreaterThan(0);
    });
  });
}

const INVALID_LOCATION = "/password_reset?notice=invalid_or_expired_token";

const both = (password: string) => ({ password, password_confirmation: password });

const pairs = (password: string) => Object.entries(both(password));

const signIn = (client: Client, { email, password }: Account): Promise<Answer> =>
  client.post("/login", { email, password });

/** The link in the newest mail to this address. */
export async function linkTo(app: RunningApp, email: string): Promise<string> {
  const mail = (await app.mails()).find(({ to, kind }) => to === email && kind === "reset_link");
  const link = mail?.text.match(/https?:\/\/\S+/)?.[0];
  if (!link) throw new Error(`no link was mailed to ${email}`);
  return link;
}

async function requestLink(app: RunningApp, client: Client, { email }: Account): Promise<string> {
  await client.post("/password_reset", { email });
  return linkTo(app, email);
}

function submit(client: Client, form: Answer, password: string, confirmation = password): Promise<Answer> {
  const handle = attribute(form.body, 'name="handle"', "value") ?? "";
  const action = attribute(form.body, 'method="post"', "action") ?? "";
  return client.post(action, { handle, password, password_confirmation: confirmation });
}

async function expectDead(client: Client, link: string, location = INVALID_LOCATION): Promise<void> {
  const answer = await client.get(link);
  expect([answer.status, answer.headers.location]).toEqual([303, location]);
  if (location === INVALID_LOCATION) expect((await client.follow(answer)).body).toContain(INVALID_TOKEN);
}

/** A page with this status that tells nothing of the inside. */
export function expectPlainProblem(answer: Answer, status: number): void {
  expect(answer.status).toBe(status);
  expect(answer.headers["content-type"]).toMatch(/^text\/html/);
  expect(answer.body).not.toMatch(/Error:|\bat .*\.[jt]s|node_modules/);
}

/** The text of the error that the field is described by, if it is marked as invalid. */
function errorAt({ body }: Answer, field: string): string | undefined {
  if (attribute(body, `name="${field}"`, "aria-invalid") !== "true") return undefined;
  const described = attribute(body, `name="${field}"`, "aria-describedby")?.split(" ") ?? [];
  expect(described).toContain(`${field}-error`);
  return body.match(new RegExp(`id="${field}-error"[^>]*><p>(.*?)</p>`))?.[1];
}

function attributesOf(cookie = ""): Record<string, string | true> {
  const [, ...parts] = cookie.split("; ");
  return Object.fromEntries(
    parts.map((part) => part.split("=")).map(([name, value = true]) => [name, value]),
  );
}

/** All of an answer but the clock's share. */
function comparable({ status, headers, body }: Answer) {
  const { date: _, ...rest } = headers;
  return { status, headers: rest, body };
}
