import fc from "fast-check";
import { form, json, odd, TOKEN } from "./bodies.ts";

// Requests as no browser sends them.

export interface HttpRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Uint8Array;
}

const headerText = fc.string({
  unit: fc.constantFrom(..."azAZ09 ,;=/*.\"'()<>@-_:%\\~\u00e9"),
  maxLength: 60,
});
const often = (weight: number, ...good: string[]): fc.Arbitrary<string> =>
  fc.oneof({ weight, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: headerText });
const header = (name: string, value: fc.Arbitrary<string>): fc.Arbitrary<[string, string]> =>
  value.map((content) => [name, content]);

const RESET = "/password_reset";
const FORM_TYPE = "application/x-www-form-urlencoded";
const JSON_TYPE = "application/json";

const otherHeaders = fc.array(
  fc.oneof(
    header("Cookie", often(5, `password_reset=${TOKEN}`)),
    header("Cookie", often(2, "password_reset=x; session=y", "=;;=", "__proto__=x")),
    header("Accept", often(5, "text/html", JSON_TYPE, "*/*", "application/problem+json")),
    header("Accept-Language", often(3, "ru", "en;q=0.5, ru", "xx-".repeat(200), "*")),
    header("Origin", often(3, "null", "http://localhost", "https://evil.example")),
    header("Content-Encoding", fc.constantFrom("gzip", "br", "identity", "x")),
    header("X-Forwarded-For", often(2, "192.0.2.1", "unknown")),
    header("X-Forwarded-Host", often(1, "evil.example")),
    header("Referer", often(1, "https://evil.example/")),
  ),
  { maxLength: 2 },
);

/** As it should be, but for what is said in it. */
const wellPut = (
  paths: string[],
  types: string[],
  content: fc.Arbitrary<string>,
): fc.Arbitrary<HttpRequest> =>
  fc
    .record({
      path: fc.constantFrom(...paths),
      type: fc.constantFrom(...types),
      others: otherHeaders,
      text: content,
    })
    .map(({ path, type, others, text }) => ({
      method: "POST",
      path,
      headers: { "Sec-Fetch-Site": "same-origin", "Content-Type": type, ...Object.fromEntries(others) },
      body: Buffer.from(text),
    }));

const PATHS = [
  RESET,
  `${RESET}/verify`,
  `${RESET}/complete`,
  `${RESET}/new_password`,
  `${RESET}/${TOKEN}`,
  "/login",
];
const ODD_PATHS = [
  ...[`${RESET}?notice=x`, `${RESET}/`, "/nowhere", `${RESET}/${"A".repeat(43)}`, `${RESET}/%E0%A4%A`],
  ...[
    `${RESET}/%00`,
    `${RESET}/__proto__`,
    `${RESET}//`,
    `${RESET}/../x`,
    "//evil.example",
    `${RESET}?__proto__[x]=1`,
  ],
  ...[`${RESET}?${"a=b&".repeat(1500)}`, `${RESET}/${"A".repeat(3000)}`, "/.well-known/change-password"],
];
const ODD_TYPES = [
  ...[`${FORM_TYPE}; charset=utf-16`, `${JSON_TYPE};charset=latin1`, "multipart/form-data; boundary=x"],
  ...["text/plain", `${FORM_TYPE}, ${JSON_TYPE}`, `${JSON_TYPE}; charset="utf-8`, "application/jsonp", ";"],
];

const oddlyPut: fc.Arbitrary<HttpRequest> = fc
  .record({
    method: fc.constantFrom("POST", "POST", "POST", "GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"),
    path: fc.constantFrom(...PATHS, ...ODD_PATHS),
    type: often(9, FORM_TYPE, JSON_TYPE, ...ODD_TYPES),
    site: often(9, "same-origin", "same-origin", "same-origin", "cross-site", "none"),
    others: otherHeaders,
    body: odd,
  })
  .map(({ method, path, type, site, others, body }) => ({
    method,
    path,
    headers: { "Sec-Fetch-Site": site, "Content-Type": type, ...Object.fromEntries(others) },
    body,
  }));

export const httpRequest: fc.Arbitrary<HttpRequest> = fc.oneof(
  wellPut([RESET, `${RESET}/verify`, `${RESET}/complete`], [JSON_TYPE, `${JSON_TYPE}; charset=utf-8`], json),
  wellPut([RESET, `${RESET}/new_password`, `${RESET}/${TOKEN}`, "/login"], [FORM_TYPE], form),
  oddlyPut,
);
