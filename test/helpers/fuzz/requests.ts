import { gzipSync } from "node:zlib";
import fc from "fast-check";

// Requests as no browser sends them: every header, field, cookie and path that the handler or the pages read.

export interface HostileRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Uint8Array | undefined;
  isSignedIn: boolean;
}

/** Stands for the token of a link that works, and for the handle of its form. */
export const TOKEN = "{token}";
export const HANDLE = "{handle}";
/** Stands for the ticket of a request, and for its code. */
export const TICKET = "{ticket}";
export const CODE = "{code}";
/** Markup that must never come back as markup. */
export const MARKUP = [
  "<x-mark>",
  '"x-mark="',
  "'x-mark='",
  "</title><x-mark>",
  "<!--x-mark",
  "]]><x-mark>",
  "\\u003cx-mark",
];

/** The only right response to the second factor. */
export const RESPONSE = "123456";

const RESET = "/password_reset";
const EMAILS = ["mike@example.org", "nobody@example.org", "jane@example.org,evil@example.org", "?", ""];
const FORM_TYPE = "application/x-www-form-urlencoded";
const JSON_TYPE = "application/json";
const LIMIT = 16 * 1024;

const { constantFrom, oneof } = fc;
const often = <T>(weight: number, usual: fc.Arbitrary<T>, ...unusual: fc.Arbitrary<T>[]): fc.Arbitrary<T> =>
  oneof({ weight, arbitrary: usual }, ...unusual.map((arbitrary) => ({ weight: 1, arbitrary })));
const among = (...words: string[]): fc.Arbitrary<string> => constantFrom(...words);

/** One unit, again and again, with something at the end that does not fit: what makes patterns slow. */
const repetitive = fc
  .tuple(
    among(
      " ",
      "\t",
      ",",
      ";",
      "=",
      "a",
      "a-",
      "a,",
      "a;q=0.1,",
      "q=",
      "*/*,",
      "%",
      "%41",
      ".",
      "-",
      "_",
      "&",
      "a=&",
      "()",
      '"',
      "\\",
    ),
    among("", "a", "de", "text/html;q=0.5", "password_reset=", "application/json;"),
    among("", "b", "!", "\u00ff", ";", "="),
    constantFrom(10, 500, 511, 2000, 15_000),
  )
  .map(([unit, start, end, length]) => start + unit.repeat(Math.ceil(length / unit.length)).slice(0, length) + end);
const printable = fc.string({ unit: constantFrom(..."azAZ09 ,;=/*.\"'()<>@-_:%\\~\u00e9"), maxLength: 80 });
const odd = oneof(repetitive, printable, among(...MARKUP));

/** A header has no white space at its ends, and no other signs than these. */
const clean = (text: string): string => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, "?").trim();
const header = (name: string, value: fc.Arbitrary<string>): fc.Arbitrary<[string, string]> =>
  value.map((text) => [name, clean(text)]);
const GRANT = "__Host-password_reset";
const COOKIES = `${GRANT}=${TOKEN}; ${GRANT}_ticket=${TICKET}`;

const oddHeader = oneof(
  header("Cookie", often(4, among(`${GRANT}=${TOKEN}`, `session=x; ${GRANT}=${TOKEN}`), odd)),
  header(
    "Cookie",
    odd.map((text) => `${GRANT}=${text}; a=${text}`),
  ),
  header("Cookie", often(4, among(`${GRANT}_ticket=${TICKET}`, `${GRANT}_ticket=${TICKET.slice(1)}`), odd)),
  header(
    "Cookie",
    odd.map((text) => `${GRANT}_ticket=${text}; ${GRANT}=${TOKEN}`),
  ),
  header(
    "Cookie",
    among(`${GRANT}=x; ${GRANT}=${TOKEN}`, `${GRANT}=%; b`, "=;;=", "__proto__=x", `${GRANT}_email=PHgtbWFyaz4`),
  ),
  header("Accept", often(2, among("text/html", JSON_TYPE, "*/*", "application/problem+json"), odd)),
  header("Accept-Language", often(2, among("ru", "en;q=0.5, ru", "ar", "zh-Hant", "*", "de-DE-u-co-phonebk"), odd)),
  header(
    "Origin",
    often(4, among("https://app.example.com", "https://spa.example.com", "null", "https://evil.example"), odd),
  ),
  header("Sec-Fetch-Site", often(4, among("same-origin", "cross-site", "same-site", "none"), odd)),
  header("Content-Encoding", often(2, among("gzip", "br", "identity"), odd)),
  header("Content-Length", often(2, among("0", "5", "99999999999", "-1", "1e9"), odd)),
  header("Access-Control-Request-Method", often(2, among("POST", "DELETE"), odd)),
  header("Referer", odd),
  header("Host", often(1, among("evil.example"), odd)),
  header("X-Forwarded-Host", odd),
  header("User-Agent", odd),
);

const segment = often(
  3,
  among(TOKEN, "A".repeat(43), "A".repeat(78), "A".repeat(42), "x", "new_password", "code", "verify", "complete", ""),
  odd.map(encodeURIComponent),
  odd.map((text) => TOKEN + encodeURIComponent(text)),
  among(
    "%E0%A4%A",
    "%00",
    "__proto__",
    "..%2f..",
    "%2e%2e",
    `${TOKEN}.`,
    `${TOKEN}/x`,
    "-".repeat(1900),
    "%C3%A9".repeat(300),
  ),
);
const query = often(
  3,
  among("", "", "?opened=1", "?continue=1", "?notice=malformed_link", "?notice=x"),
  odd.map((text) => `?notice=${encodeURIComponent(text)}`),
  odd.map((text) => `?${encodeURIComponent(text)}&opened`),
  among(`?${"a=b&".repeat(1500)}`, "?%E0%A4%A", "?__proto__[x]=1", "?notice[]=x&notice=y"),
);
const path = fc
  .tuple(
    often(
      6,
      among(RESET),
      among(`${RESET}/`, "//evil.example", "/.well-known/change-password", "/nowhere", `${RESET}/..`),
    ),
    fc.option(segment, { nil: undefined, freq: 4 }),
    query,
  )
  .map(([base, last, search]) => (last === undefined ? base : `${base}/${last}`) + search);

const fieldName = often(
  8,
  among(
    ...["email", "token", "newPassword", "password", "password_confirmation", "handle", "method", "ticket", "code"],
    ...["secondFactor", "response", "second_factor", "second_factor_method"],
  ),
  among(
    "__proto__",
    "constructor",
    "toString",
    "email[]",
    "email[$ne]",
    "EMAIL",
    "",
    "hasOwnProperty",
    "tenant",
    "locale",
  ),
  odd,
);
const fieldValue = often(
  3,
  among(TOKEN, HANDLE, TICKET, CODE, ...EMAILS, "a-quiet-harbour-at-dawn", "link", "code", "totp", RESPONSE),
  odd,
  among(
    "short",
    "password123",
    "x".repeat(300),
    "\0",
    "\ud800",
    "e\u0301".repeat(200),
    "mike@example.org\r\nBcc: evil@example.org",
  ),
  odd.map((text) => `${text}@example.org`),
);

const FACTOR = `second_factor_method=totp&second_factor=${RESPONSE}`;
const encode = (part: string): string => encodeURIComponent(part.toWellFormed());
const form = oneof(
  {
    weight: 5,
    arbitrary: fc
      .array(fc.tuple(fieldName, fieldValue), { maxLength: 6 })
      .map((all) => all.map((pair) => pair.map(encode).join("=")).join("&")),
  },
  {
    weight: 3,
    arbitrary: fieldValue.map(
      (text) => `handle=${HANDLE}&password=${encode(text)}&password_confirmation=${encode(text)}&${FACTOR}`,
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fieldValue, often(2, among(CODE), fieldValue.map(encode)))
      .map(([email, code]) => `email=${encode(email)}&code=${code}`),
  },
  {
    weight: 1,
    arbitrary: fc
      .array(oneof(fieldName, fieldValue, among("&", "=", "%", "%zz", "%C0%80", "&&", ";", "+")), { maxLength: 12 })
      .map((all) => all.join("")),
  },
);

const atom = among("0", "-0", "1e999", "true", "null", "[]", "{}", '"\\ud800"', '"\\u0000"', "9".repeat(400));
// Written by hand: an object could not have a name twice, nor one called __proto__.
const { object } = fc.letrec<{ member: string; object: string }>((tie) => ({
  member: oneof(
    { depthSize: "small" },
    { weight: 6, arbitrary: fieldValue.map((text) => JSON.stringify(text)) },
    { weight: 1, arbitrary: atom },
    { weight: 1, arbitrary: fc.array(tie("member"), { maxLength: 3 }).map((items) => `[${items.join()}]`) },
    { weight: 1, arbitrary: tie("object") },
  ),
  object: fc
    .array(fc.tuple(fieldName, tie("member")), { maxLength: 5 })
    .map((members) => `{${members.map(([key, member]) => `${JSON.stringify(key)}:${member}`).join()}}`),
}));
const json = often(
  6,
  object,
  fieldValue.map((text) => {
    return JSON.stringify({ token: TOKEN, newPassword: text, secondFactor: { method: "totp", response: RESPONSE } });
  }),
  fieldValue.map((text) =>
    JSON.stringify({ token: TOKEN, newPassword: "a-quiet-harbour-at-dawn", secondFactor: text }),
  ),
  often(1, among(CODE), fieldValue).map((text) => JSON.stringify({ ticket: TICKET, code: text })),
  fc
    .tuple(object, fc.nat(200), fc.string({ maxLength: 2 }))
    .map(([whole, at, junk]) => whole.slice(0, at) + junk + whole.slice(at + 1)),
  fc.nat(8000).map((depth) => "[".repeat(depth)),
  fc.nat(2500).map((depth) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`),
  repetitive.map((text) => `{"email":${JSON.stringify(text)}}`),
  among(
    "",
    " ",
    "null",
    "7",
    '"email"',
    "[]",
    "\ufeff{}",
    "{'email':1}",
    '{"email":"a",}',
    `{"a"${" ".repeat(16_000)}:1}`,
  ),
);
const bytes = oneof(
  ...[form, json].flatMap((text) => [
    { weight: 8, arbitrary: text.map((each): Uint8Array => Buffer.from(each)) },
    { weight: 1, arbitrary: text.map((each): Uint8Array => Buffer.from(each, "latin1")) },
    { weight: 1, arbitrary: text.map((each): Uint8Array => gzipSync(each)) },
  ]),
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        among('{"email":"', "email=", "a&", "%41=", '"a":"b",'),
        constantFrom(LIMIT - 1, LIMIT, LIMIT + 1, 3 * LIMIT),
      )
      .map(([unit, length]): Uint8Array => Buffer.from(unit.padEnd(length, unit))),
  },
);

const type = often(
  12,
  among(FORM_TYPE, FORM_TYPE, JSON_TYPE),
  among(
    `${FORM_TYPE}; charset=utf-16`,
    `${JSON_TYPE};charset=latin1`,
    "multipart/form-data; boundary=x",
    "text/plain",
    ";",
  ),
  odd,
  odd.map((text) => `${JSON_TYPE};${text}`),
);

const someHeaders = fc.array(oddHeader, { maxLength: 1 }).map((all) => Object.fromEntries(all));
const isSignedIn = oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });

/** As browsers post a form, but for its fields and one header. */
const postedForm: fc.Arbitrary<HostileRequest> = fc
  .record({
    path: among(RESET, RESET, ...Array(2).fill(`${RESET}/new_password`), `${RESET}/code`, `${RESET}/${TOKEN}`),
    form,
    others: someHeaders,
    isSignedIn,
  })
  .map(({ path: target, form: fields, others, ...rest }) => ({
    ...{ method: "POST", path: target, body: Buffer.from(fields), ...rest },
    headers: {
      ...{ Origin: "https://app.example.com", "Content-Type": FORM_TYPE, Cookie: COOKIES },
      ...others,
    },
  }));

/** As programs post JSON, but for its members and one header. */
const postedJson: fc.Arbitrary<HostileRequest> = fc
  .record({
    path: among(RESET, `${RESET}/code`, `${RESET}/verify`, `${RESET}/complete`),
    json,
    others: someHeaders,
    isSignedIn,
  })
  .map(({ path: target, json: members, others, ...rest }) => ({
    ...{ method: "POST", path: target, body: Buffer.from(members), ...rest },
    headers: { "Content-Type": JSON_TYPE, ...others },
  }));

/** As browsers open a page, but for its path and a few headers. */
const opened: fc.Arbitrary<HostileRequest> = fc
  .record({ path, others: fc.array(oddHeader, { maxLength: 3 }), isSignedIn })
  .map(({ path: target, others, ...rest }) => ({
    ...{ method: "GET", path: target, body: undefined, ...rest },
    headers: { Cookie: `${GRANT}=${TOKEN}`, ...Object.fromEntries(others) },
  }));

const anything: fc.Arbitrary<HostileRequest> = fc
  .record({
    method: often(9, among("POST", "POST", "GET"), among("PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")),
    path,
    type,
    others: fc.array(oddHeader, { maxLength: 5 }),
    bytes,
    isSignedIn,
  })
  .map(({ method, path: target, type: contentType, others, bytes: content, ...rest }) => ({
    ...{ method, path: target, ...rest },
    headers: { "Sec-Fetch-Site": "same-origin", "Content-Type": clean(contentType), ...Object.fromEntries(others) },
    body: ["GET", "HEAD"].includes(method) ? undefined : content,
  }));

/** Requests of every kind: three of four are as they should be but for a few things. */
export const hostileRequest: fc.Arbitrary<HostileRequest> = oneof(postedForm, postedJson, opened, anything);
