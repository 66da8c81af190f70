import { TimeSpan } from "relatch";
import { describe, expect, it } from "vitest";
import { attribute } from "../client.ts";
import {
  attributesOf,
  both,
  comparable,
  errorAt,
  expectDead,
  expectPassword,
  expectPlainProblem,
  expectRedirect,
  expectRefusal,
  FORM,
  grantAt,
  handleIn,
  INVALID_LOCATION,
  isDeleted,
  itAlone,
  type Launch,
  linkTo,
  mailsTo,
  NEW_PASSWORD,
  noticeAt,
  OPENED,
  openForm,
  pairs,
  RESET,
  requestLink,
  SIGN_IN,
  SOME_TOKEN,
  secureAt,
  signIn,
  submit,
  tokenIn,
} from "./helpers.ts";

// The promises of the pages.

/** Tests the flow from the request to the sign-in with the new password. */
export function flowContract(name: string, launch: Launch): void {
  describe(`${name}: the flow`, () => {
    // The first test of a run loads the texts and the common passwords.
    it("a link sets the new password once and ends the old sessions", { timeout: 20_000 }, async () => {
      const { app, mike, client, visitor } = await launch();
      const elsewhere = visitor();
      await signIn(elsewhere, mike);
      expect((await elsewhere.get("/")).body).toContain(mike.email);

      expect((await client.post(RESET, { email: mike.email })).status).toBe(200);
      const link = await linkTo(app, mike.email);
      const opened = await client.get(link);
      expect([opened.status, opened.headers.location]).toEqual([303, OPENED]);
      const form = await client.follow(opened);
      expect(form.status).toBe(200);
      await expectRedirect(client, await submit(client, form, NEW_PASSWORD), SIGN_IN);

      expect((await signIn(client, mike)).status).toBe(400);
      expect((await elsewhere.get("/")).headers.location).toBe("/login");
      await expectPassword(client, { ...mike, password: NEW_PASSWORD });
      await expectDead(visitor(), link);

      const notices = await mailsTo(app, mike.email, "password_changed");
      expect(notices).toHaveLength(1);
      expect(notices[0]?.text).not.toMatch(/https?:/);
      // The second revocation has run by now, and left the new session open.
      expect((await client.get("/")).status).toBe(200);
    });

    it("the link itself accepts both passwords from clients other than browsers", async () => {
      const { app, mike, client, visitor } = await launch();
      const link = await requestLink(app, client, mike);
      const refused = await client.post(link, both("1234567"));
      expect(refused.status).toBe(400);
      expect(errorAt(refused, "password")).toBeTruthy();
      // The URL of this page contains the token, and browsers must post its form with an origin.
      expect(refused.headers["referrer-policy"]).toBe("strict-origin");
      expect(attribute(refused.body, 'method="post"', "action")).toBe(FORM);
      expect((await submit(client, refused, "1234567")).status).toBe(400);

      const done = await visitor().post(link, both(NEW_PASSWORD));
      expect(done.headers.location).toBe(SIGN_IN);
      expect((await client.post(link, both(NEW_PASSWORD))).headers.location).toBe(INVALID_LOCATION);
    });

    it("the sign-in page learns the address by a cookie, and never by a URL", async () => {
      const { app, mike, client } = await launch();
      const done = await submit(client, await openForm(app, client, mike), NEW_PASSWORD);
      const [grant, address] = done.cookies;
      expect(isDeleted(grant)).toBe(true);
      expect(address?.split("=")[0]).toBe(`${grantAt(app)}_email`);
      expect(attributesOf(address)).toMatchObject({
        "Max-Age": "300",
        HttpOnly: true,
        SameSite: "Lax",
        ...secureAt(app),
      });
      expect(done.headers.location).not.toMatch(/mike|@|%40/);
    });

    it("/.well-known/change-password leads to the request page, and signed-in persons elsewhere", async () => {
      const { mike, client } = await launch();
      const answer = await client.get("/.well-known/change-password");
      expect([answer.status, answer.headers.location]).toEqual([303, RESET]);
      await signIn(client, mike);
      const signedIn = await client.get("/.well-known/change-password");
      expect(signedIn.status).toBe(303);
      expect(signedIn.headers.location).not.toBe(RESET);
    });
  });

  describe(`${name}: the flow of a signed-in person`, () => {
    it("the request page leads to the home page", async () => {
      const { jane, client } = await launch();
      await signIn(client, jane);
      const answer = await client.get(RESET);
      expect([answer.status, answer.headers.location]).toEqual([303, "/"]);
      expectPlainProblem(await client.post(RESET, { email: jane.email }), 409);
    });

    it("a valid link shows a page that offers to sign out and come back, or to go on", async () => {
      const { app, mike, jane, client } = await launch();
      const link = await requestLink(app, client, mike);
      await signIn(client, jane);
      const asked = await expectRedirect(client, await client.get(link), OPENED);
      expect(asked.body).not.toContain('name="password"');
      expect(attribute(asked.body, 'method="post"', "action")).toBe("/logout");
      expect(attribute(asked.body, 'name="return_to"', "value")).toBe(FORM);
      const form = await client.get(`${FORM}?continue=1`);
      expect((await submit(client, form, NEW_PASSWORD)).headers.location).toBe(SIGN_IN);
    });

    it("a dead or malformed link says so, and does not lead home without a word", async () => {
      const { jane, client } = await launch();
      await signIn(client, jane);
      await expectDead(client, `${RESET}/${SOME_TOKEN}`);
      await expectDead(client, `${RESET}/${SOME_TOKEN.slice(1)}`, noticeAt("malformed_link"));
      await expectDead(client, FORM, noticeAt("open_link_again"));
      await expectDead(client, OPENED, noticeAt("cookies_needed"));
    });
  });
}

/** Tests the request page. */
export function requestContract(name: string, launch: Launch): void {
  describe(`${name}: the request`, () => {
    it("the response repeats the address and is otherwise the same for every address", async () => {
      const { mike, client } = await launch();
      const nobody = mike.email.replace(/./g, (sign) => (sign === "@" || sign === "." ? sign : "x"));
      const [known, unknown] = [
        await client.post(RESET, { email: mike.email }),
        await client.post(RESET, { email: nobody }),
      ];
      expect(known.status).toBe(200);
      expect(known.body).toContain(mike.email);
      expect(comparable({ ...known, body: known.body.replaceAll(mike.email, nobody) })).toEqual(comparable(unknown));
    });

    it("an invalid address comes back as inert text", async () => {
      const { app, client } = await launch();
      for (const email of ['"><script>alert(1)</script>', "'onfocus=alert(1) '", "&lt;b&gt;", "x".repeat(5000)]) {
        const answer = await client.post(RESET, { email });
        expect(answer.status).toBe(400);
        expect(errorAt(answer, "email")).toBeTruthy();
        expect(answer.body).not.toMatch(/<script|="[^"]*"\s*onfocus|\sonfocus=alert/);
        expect(answer.body).not.toContain("x".repeat(400));
      }
      expect(await app.mails()).toEqual([]);
    });

    itAlone(launch)("an application may choose to report unknown addresses", async () => {
      const { app, mike, client } = await launch({ revealUnknown: true });
      const unknown = await client.post(RESET, { email: "nobody@example.org" });
      expect(unknown.status).toBe(400);
      expect(errorAt(unknown, "email")).toBeTruthy();
      expectRefusal(await client.json(RESET, { email: "nobody@example.org" }), 400, "unknown_email");
      expect((await client.post(RESET, { email: mike.email.toUpperCase() })).status).toBe(200);
      expect(await app.mails()).toHaveLength(1);
    });

    itAlone(launch)("too many requests get 429 and the time of the next attempt, as a page and as JSON", async () => {
      const { client, mike } = await launch({ limits: { client: { max: 1, window: new TimeSpan(10, "m") } } });
      await client.post(RESET, { email: "nobody@example.org" });
      const answer = await client.post(RESET, { email: mike.email });
      expectPlainProblem(answer, 429);
      expect(Number(answer.headers["retry-after"])).toBeGreaterThan(590);
      const refused = await client.json(RESET, { email: "nobody@example.org" });
      const { retryAfterSeconds } = JSON.parse(refused.body);
      expectRefusal(refused, 429, "throttled", { retryAfterSeconds });
      expect(retryAfterSeconds).toBeGreaterThan(590);
      expect(refused.headers["retry-after"]).toBe(String(retryAfterSeconds));
    });
  });
}

/** Tests what opening the link does. */
export function linkContract(name: string, launch: Launch): void {
  describe(`${name}: the link`, () => {
    it("opening the link moves the token into a cookie and the browser to a clean URL", async () => {
      const { app, mike, client } = await launch();
      const link = await requestLink(app, client, mike);
      const opened = await client.get(link, { "Sec-Fetch-Site": "cross-site" });
      expect(opened.headers).toMatchObject({
        location: OPENED,
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
      });
      expect(opened.cookies[0]).toMatch(new RegExp(`^${grantAt(app)}=${tokenIn(link)};`));
      // Some servers add Expires.
      const { Expires: _, ...attributes } = attributesOf(opened.cookies[0]);
      expect(attributes).toEqual({ "Max-Age": "900", Path: "/", HttpOnly: true, SameSite: "Lax", ...secureAt(app) });
      // Once the cookie has come back, the URL says no more that the link was opened just now.
      const shown = await client.get(OPENED);
      expect([shown.status, shown.headers.location]).toEqual([303, FORM]);
    });

    it("opening a link consumes nothing, by GET or by HEAD, as often as scanners like", async () => {
      const { app, mike, client, visitor } = await launch();
      const link = await requestLink(app, client, mike);
      for (const method of ["GET", "HEAD", "GET", "OPTIONS", "DELETE", "PUT"]) await visitor().send(method, link);
      const form = await client.follow(await client.get(link));
      expect((await submit(client, form, NEW_PASSWORD)).headers.location).toBe(SIGN_IN);
    });

    it("signs that an email program left behind the link do no harm", async () => {
      const { app, mike, client } = await launch();
      const link = await requestLink(app, client, mike);
      const signs = [
        ...[".", ",", ")", "%3E", "%20", "%22", "=", "%3D%3D", "*", "_", "-", "%0A", "!", ";", ").", "%C2%A0"],
        ...["%E2%80%9D", "%E3%80%82", "%20and%20more", "%3C%2Fa%3E", "?utm_source=mail", "#top", "/"],
      ];
      for (const sign of signs) {
        const { status, headers } = await client.get(`${link}${sign}`);
        expect([sign, status, headers.location]).toEqual([sign, 303, OPENED]);
      }
    });

    it("a link that was cut off is called incomplete, and a used or unknown one invalid", async () => {
      const { app, mike, client } = await launch();
      const link = await requestLink(app, client, mike);
      const cut = [
        link.slice(0, -1),
        link.slice(0, -20),
        `${RESET}/x`,
        `${RESET}/%00`,
        `${RESET}/%E0%A4%A`,
        `${link}x`,
      ];
      const odd = ["A".repeat(1500), "'--", "%3Cscript%3E", "new_password%20", "..%2F..", "__proto__", "="];
      for (const path of [...cut, ...odd.map((token) => `${RESET}/${token}`)]) {
        await expectDead(client, path, noticeAt("malformed_link"));
      }
      await expectDead(client, `${RESET}/${SOME_TOKEN}`);
      await client.post(link, both(NEW_PASSWORD));
      await expectDead(client, link);
    });

    it("an invalid link keeps the grant of the valid one", async () => {
      const { app, mike, client } = await launch();
      await openForm(app, client, mike);
      for (const token of ["x", SOME_TOKEN]) await client.get(`${RESET}/${token}`);
      expect((await client.get(FORM)).status).toBe(200);
    });

    it("paths below a link do not exist", async () => {
      const { client } = await launch();
      for (const path of [`${RESET}/x/y`, `${RESET}/${SOME_TOKEN}/new_password`, `${FORM}/x`, `${RESET}/verify/x`]) {
        expectPlainProblem(await client.get(path), 404);
        expectRefusal(await client.get(path, { Accept: "application/json" }), 404, "not_found");
      }
    });

    it("each page verifies the link again, so the grant of a used link is worthless", async () => {
      const { app, mike, client, visitor } = await launch();
      const link = await requestLink(app, client, mike);
      const form = await client.follow(await client.get(link));
      await visitor().post(link, both(NEW_PASSWORD));
      expect((await submit(client, form, "another-password-altogether")).headers.location).toBe(INVALID_LOCATION);

      const other = visitor();
      const grant = { Cookie: `${grantAt(app)}=${tokenIn(link)}` };
      expect((await other.get(FORM, grant)).headers.location).toBe(INVALID_LOCATION);
      await expectPassword(other, { ...mike, password: NEW_PASSWORD });
    });

    it("a double click sets one password and shows no error", async () => {
      const { app, mike, client } = await launch();
      const form = await openForm(app, client, mike);
      const answers = await Promise.all([submit(client, form, NEW_PASSWORD), submit(client, form, NEW_PASSWORD)]);
      expect(answers.map(({ status }) => status)).toEqual([303, 303]);
      expect(answers.map(({ headers }) => headers.location)).toContain(SIGN_IN);
      await expectPassword(client, { ...mike, password: NEW_PASSWORD });
    });
  });

  describe(`${name}: the cookie of the link`, () => {
    it("the cookie of a link that is no longer valid is deleted", async () => {
      const { app, client } = await launch();
      for (const value of [SOME_TOKEN, "x", "%00", "x".repeat(4000), "a=b", "__proto__"]) {
        const answer = await client.get(FORM, { Cookie: `other=1; ${grantAt(app)}=${value}` });
        expect([answer.status, answer.headers.location]).toEqual([303, INVALID_LOCATION]);
        expect(isDeleted(answer.cookies[0])).toBe(true);
      }
    });

    it("two cookies of one name are refused in either order", async () => {
      const { app, mike, client, visitor } = await launch();
      const token = tokenIn(await requestLink(app, client, mike));
      const [planted, own] = [`${grantAt(app)}=${SOME_TOKEN}`, `${grantAt(app)}=${token}`];
      expect((await visitor().get(FORM, { Cookie: own })).status).toBe(200);
      for (const Cookie of [`${planted}; ${own}`, `${own}; ${planted}`, `${own}; ${own}`, `${own};${planted}`]) {
        expect((await visitor().get(FORM, { Cookie })).headers.location).toBe(noticeAt("open_link_again"));
      }
      // Other names are other cookies.
      const alike = `x${planted}; ${grantAt(app)}_2=x; ${planted.toUpperCase()}`;
      expect((await visitor().get(FORM, { Cookie: `${alike}; ${own}` })).status).toBe(200);
    });

    it("a browser without cookies hears that they are needed, and a later visitor to open the link again", async () => {
      const { app, mike, client, visitor } = await launch();
      const opened = await client.get(await requestLink(app, client, mike));
      await expectDead(visitor(), `${opened.headers.location}`, noticeAt("cookies_needed"));
      await expectDead(visitor(), FORM, noticeAt("open_link_again"));
      for (const Cookie of ["", `${grantAt(app)}=`, `${grantAt(app)}=%`, "=;;=%"]) {
        const posted = await visitor().post(FORM, both(NEW_PASSWORD), { Cookie });
        expect([posted.status, posted.headers.location]).toEqual([303, noticeAt("open_link_again")]);
      }
    });

    it("two links in two tabs: a form never sets the password of the other link's account", async () => {
      const { app, mike, jane, client, visitor } = await launch();
      const mikes = await openForm(app, client, mike);
      const janes = await openForm(app, client, jane);
      await expectRedirect(client, await submit(client, mikes, NEW_PASSWORD), noticeAt("open_link_again"));
      await expectPassword(visitor(), mike);
      await expectPassword(visitor(), jane);
      expect((await submit(client, janes, NEW_PASSWORD)).headers.location).toBe(SIGN_IN);
      await expectPassword(client, { ...jane, password: NEW_PASSWORD });
    });
  });
}

/** Tests the form for the new password. */
export function formContract(name: string, launch: Launch): void {
  describe(`${name}: the form`, () => {
    it("the form has the fields that people and password managers need", async () => {
      const { app, mike, client } = await launch();
      const { body, headers } = await openForm(app, client, mike);
      for (const field of ["password", "password_confirmation"]) {
        expect(attribute(body, `name="${field}"`, "type")).toBe("password");
        expect(attribute(body, `name="${field}"`, "autocomplete")).toBe("new-password");
      }
      expect(attribute(body, 'autocomplete="username"', "value")).toBe(mike.email);
      expect(headers).toMatchObject({ "referrer-policy": "same-origin", "cache-control": "no-store" });
    });

    it("the form shows each error at its field and keeps the link valid", async () => {
      const { app, mike, client } = await launch();
      const different = await submit(client, await openForm(app, client, mike), NEW_PASSWORD, `${NEW_PASSWORD} `);
      expect(different.status).toBe(400);
      expect(errorAt(different, "password_confirmation")).toBeTruthy();
      expect(different.body).not.toContain(NEW_PASSWORD);

      const short = await submit(client, different, "1234567");
      expect(short.status).toBe(400);
      expect(errorAt(short, "password")).toContain("8");
      expect(errorAt(await submit(client, short, "password1"), "password")).toBeTruthy();
      expect((await submit(client, short, NEW_PASSWORD)).headers.location).toBe(SIGN_IN);
    });

    it.each([
      ["nothing", []],
      ["one of the two", [["password", NEW_PASSWORD]]],
      ["both twice", [...pairs(NEW_PASSWORD), ...pairs(NEW_PASSWORD)]],
      ["arrays", pairs(NEW_PASSWORD).map(([field, value]) => [`${field}[]`, value])],
      ["objects", pairs(NEW_PASSWORD).map(([field, value]) => [`${field}[a]`, value])],
      ["prototypes", ["__proto__", "constructor[prototype]"].map((field) => [`${field}[password]`, NEW_PASSWORD])],
    ] as [string, [string, string][]][])("the form refuses %s and changes nothing", async (_, fields) => {
      const { app, mike, client, visitor } = await launch();
      const form = await openForm(app, client, mike);
      const handle = handleIn(form);
      expect((await client.post(FORM, [["handle", handle], ...fields])).status).toBe(400);
      await expectPassword(visitor(), mike);
      expect((await submit(client, form, NEW_PASSWORD)).headers.location).toBe(SIGN_IN);
    });

    it("the form refuses what two readers could decode to two passwords", async () => {
      const { app, mike, client, visitor } = await launch();
      const form = await openForm(app, client, mike);
      const FORM_TYPE = "application/x-www-form-urlencoded";
      const send = (password: string | Uint8Array, type = FORM_TYPE) => {
        const field = (key: string) => Buffer.concat([Buffer.from(`${key}=`), Buffer.from(password as string)]);
        const [handle, amp] = [Buffer.from(`handle=${handleIn(form)}&`), Buffer.from("&")];
        const body = Buffer.concat([handle, field("password"), amp, field("password_confirmation")]);
        return client.send("POST", FORM, { headers: { "Sec-Fetch-Site": "same-origin", "Content-Type": type }, body });
      };
      const broken = [
        "%E4-quiet-harbour",
        "%C0%AF-overlong-slash",
        "%ED%A0%80-half-a-pair",
        "%-at-dawn",
        "%zz-at-dawn",
      ];
      for (const password of [...broken, Buffer.from("\u00e4-quiet-harbour", "latin1")]) {
        expectPlainProblem(await send(password), 400);
      }
      for (const charset of ["iso-8859-1", "windows-1252", "utf-16", "utf-7", '"latin1"']) {
        expectPlainProblem(await send("%E4-quiet-harbour", `${FORM_TYPE}; charset=${charset}`), 415);
      }
      await expectPassword(visitor(), mike);
      const done = await send("%C3%A4+quiet%20harbour+at+dawn", `${FORM_TYPE};charset=UTF-8`);
      expect(done.headers.location).toBe(SIGN_IN);
      await expectPassword(client, { ...mike, password: "\u00e4 quiet harbour at dawn" });
    });
  });
}
