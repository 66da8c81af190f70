import { describe, expect, it } from "vitest";
import {
  clearGrant,
  clearTicket,
  nameCookies,
  readCookie,
  readGrant,
  readSignInEmail,
  setEmail,
  setGrant,
  setTicket,
} from "../../../src/http/cookies.ts";

const HTTPS = nameCookies(true);
const HTTP = nameCookies(false);
const NOW = new Date(0);
const inSeconds = (seconds: number) => new Date(seconds * 1000);
const pairOf = (line: string): string => line.slice(0, line.indexOf(";"));

describe("readCookie", () => {
  it.each([
    ["a=1", "1"],
    ["x=0; a=1; y=2", "1"],
    ["a=1;", "1"],
    [" a=1 ;b=2", "1"],
    ["a=", ""],
    ["a=b=c", "b=c"],
    ["b=a=1; a=2", "2"],
    ["", undefined],
    ["A=1", undefined],
    ["xa=1; ax=1; a", undefined],
    ["a=1; a=2", undefined],
    ["a=1; a=1", undefined],
    ["a=1;a=1", undefined],
    ["=a=1;;=", undefined],
    ["__proto__=1", undefined],
    [`a=1; b=${"x".repeat(16 * 1024)}`, undefined],
  ])("readCookie finds the one cookie of a name in %j", (header, value) => {
    expect(readCookie(header, "a")).toBe(value);
  });

  it("readCookie takes no header for an empty one", () => {
    expect([readCookie(null, "a"), readCookie(undefined, "a")]).toEqual([undefined, undefined]);
  });

  it.each(["\u00a0", "\u3000", "\ufeff", "\u2003", "\u0085"])(
    "a name behind %j is another name, which cannot replace the cookie of this host or hide it",
    (blank) => {
      expect(readCookie(`${blank}a=1`, "a")).toBeUndefined();
      expect(readCookie(`a=2; ${blank}a=1`, "a")).toBe("2");
      expect(readCookie(`\t a=2`, "a")).toBe("2");
    },
  );

  it("readCookie takes linear time for the longest header that it reads", () => {
    for (const unit of ["a=;", ";", " ", "=", "a", "a=1; "])
      readCookie(unit.repeat(16 * 1024).slice(0, 16 * 1024), "a");
    const before = process.cpuUsage();
    readCookie(" ".repeat(16 * 1024), "a");
    expect(process.cpuUsage(before).user).toBeLessThan(20_000);
  });
});

describe("the cookie of the link", () => {
  it("a browser takes the cookie from this very host over https only, and shows it to no script", () => {
    expect(setGrant(HTTPS, "t", inSeconds(3600), NOW)).toBe(
      "__Host-password_reset=t; Max-Age=900; Path=/; HttpOnly; SameSite=Lax; Secure",
    );
    expect(clearGrant(HTTPS)).toBe("__Host-password_reset=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure");
  });

  it("plain http on loopback has no prefix, because browsers would drop the cookie", () => {
    expect(setGrant(HTTP, "t", inSeconds(3600), NOW)).toBe(
      "password_reset=t; Max-Age=900; Path=/; HttpOnly; SameSite=Lax",
    );
  });

  it("the cookie expires no later than the link", () => {
    expect(setGrant(HTTPS, "t", inSeconds(60), NOW)).toContain("; Max-Age=60;");
    expect(setGrant(HTTPS, "t", inSeconds(900.9), NOW)).toContain("; Max-Age=900;");
  });

  it("a valid link whose expiry the clock of the machine has passed is kept all the same", () => {
    expect(setGrant(HTTPS, "t", inSeconds(-3600), NOW)).toContain("; Max-Age=900;");
  });

  it.each(["A".repeat(43), "a.b-c_d~e", "with space; and=signs\r\n", 'quote"', "ü%zz"])(
    "the token %j survives the cookie",
    (token) => {
      const pair = pairOf(setGrant(HTTPS, token, inSeconds(60), NOW));
      expect(pair).toMatch(/^[!-~]+$/);
      expect(pair).not.toMatch(/[\s;",]/);
      expect(readGrant(HTTPS, `other=1; ${pair}`)).toBe(token);
    },
  );

  it.each(["__Host-password_reset=", "__Host-password_reset=%", "password_reset=t", ""])(
    "%j contains no link",
    (header) => {
      expect(readGrant(HTTPS, header)).toBeUndefined();
    },
  );

  it("the cookie of another name does not count: with and without the prefix", () => {
    expect(readGrant(HTTP, "__Host-password_reset=t")).toBeUndefined();
    expect(readGrant(HTTP, "password_reset=t")).toBe("t");
  });
});

describe("the cookie of the ticket", () => {
  it("a browser sends the ticket with forms of this site only, and shows it to no script", () => {
    expect(setTicket(HTTPS, "t", 600)).toBe(
      "__Host-password_reset_ticket=t; Max-Age=600; Path=/; HttpOnly; SameSite=Strict; Secure",
    );
    expect(setTicket(HTTP, "t", 600)).toBe("password_reset_ticket=t; Max-Age=600; Path=/; HttpOnly; SameSite=Strict");
    expect(clearTicket(HTTPS)).toBe(
      "__Host-password_reset_ticket=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict; Secure",
    );
  });

  it.each([
    [60, 60],
    [59.999, 59],
    [900, 900],
    [3600, 900],
  ])("a ticket that is valid for %d seconds is kept for %d", (valid, kept) => {
    expect(setTicket(HTTPS, "t", valid)).toContain(`; Max-Age=${kept};`);
  });

  it("the name of the ticket's cookie is not read as that of the link", () => {
    expect(readGrant(HTTPS, "__Host-password_reset_ticket=t")).toBeUndefined();
  });
});

describe("readSignInEmail", () => {
  it.each(["mike@example.org", "Josè+tag@münchen.de", "o'brien&co@example.org"])(
    "the address %s survives the cookie",
    (email) => {
      for (const names of [HTTPS, HTTP]) {
        const line = setEmail(names, email);
        expect(line).toMatch(/; Max-Age=300; Path=\/; HttpOnly; SameSite=Lax/);
        expect(readSignInEmail(`session=x; ${pairOf(line)}`)).toBe(email);
      }
    },
  );

  const encode = (text: string | Uint8Array) =>
    `__Host-password_reset_email=${Buffer.from(text as string).toString("base64url")}`;
  it.each([
    ["nothing", ""],
    ["no cookie of that name", "session=x"],
    ["an empty one", "__Host-password_reset_email="],
    ["two of them", `${encode("mike@example.org")}; ${encode("eve@example.net")}`],
    ["text that is not base64url", "__Host-password_reset_email=%%%"],
    ["bytes that are not UTF-8", encode(Uint8Array.of(0x6d, 0xff))],
    ["markup", encode('"><script>alert(1)</script>')],
    ["a line break", encode("mike@example.org\r\nSet-Cookie: x")],
    ["two addresses", encode("mike@example.org, eve@example.net")],
    ["a long text", encode(`${"x".repeat(400)}@example.org`)],
  ])("readSignInEmail returns nothing for %s", (_, header) => {
    expect(readSignInEmail(header)).toBeUndefined();
  });

  it("readSignInEmail takes what servers hand over for no header", () => {
    for (const header of [null, undefined, 1, ["x"], {}]) expect(readSignInEmail(header as never)).toBeUndefined();
  });
});
