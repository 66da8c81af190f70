import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { text } from "./values.ts";

// Bodies as no form makes them and no program writes them.

/** Stands for the token of a link that works. */
export const TOKEN = "{token}";

/** Mostly one of the first, sometimes one of the others, or anything. */
const words = (usual: string[], odd: string[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...usual) },
    { weight: 2, arbitrary: fc.constantFrom(...odd) },
    { weight: 1, arbitrary: text },
  );

const name = words(
  ["email", "email", "token", "token", "password", "password", "password_confirmation", "handle"],
  [
    ...[
      "__proto__",
      "constructor",
      "prototype",
      "__proto__[email]",
      "constructor[prototype][email]",
      "toString",
    ],
    ...[
      "email[]",
      "email[0]",
      "email[$ne]",
      "email.a",
      "user[email]",
      "EMAIL",
      "",
      "hasOwnProperty",
      "tenant",
    ],
  ],
);
const value = words(
  [TOKEN, "mike@example.org", "nobody@example.org", "a-quiet-harbour-at-dawn"],
  [
    ...["jane@example.org,evil@example.org", "", "short", "A".repeat(43), "x".repeat(300), "\0"],
    ...["1", "true", "null", "password123", "mike@example.org\r\nBcc: evil@example.org"],
  ],
);

const escaped = (part: string) => encodeURIComponent(Buffer.from(part).toString());
const pairs = fc
  .array(fc.tuple(name, value), { maxLength: 8 })
  .map((fields) => fields.map((field) => field.map(escaped).join("=")).join("&"));
const SHARDS = ["&", "=", "%", "%zz", "%00", "+", ";", "&&&", "%C0%80", "[", "]"];

/** As forms are posted. */
export const form: fc.Arbitrary<string> = fc.oneof(
  { weight: 5, arbitrary: pairs },
  {
    weight: 1,
    arbitrary: fc
      .array(fc.oneof(name, value, fc.constantFrom(...SHARDS)), { maxLength: 12 })
      .map((all) => all.join("")),
  },
);

const ATOMS = [
  "0",
  "-0",
  "1e999",
  "1.5",
  "true",
  "null",
  "[]",
  "{}",
  '"\\ud800"',
  '"\\u0000"',
  "9".repeat(400),
];
// Written by hand: an object could not have a name twice, nor one called __proto__.
const { object } = fc.letrec<{ member: string; object: string }>((tie) => ({
  member: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 5, arbitrary: value.map((content) => JSON.stringify(content)) },
    { weight: 1, arbitrary: fc.constantFrom(...ATOMS) },
    { weight: 1, arbitrary: fc.array(tie("member"), { maxLength: 3 }).map((items) => `[${items.join()}]`) },
    { weight: 1, arbitrary: tie("object") },
  ),
  object: fc
    .array(fc.tuple(name, tie("member")), { maxLength: 6 })
    .map((members) => `{${members.map(([key, member]) => `${JSON.stringify(key)}:${member}`).join()}}`),
}));

/** As programs post. */
export const json: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: object },
  {
    weight: 1,
    arbitrary: fc
      .tuple(object, fc.nat(200), fc.string({ maxLength: 2 }))
      .map(([whole, at, junk]) => whole.slice(0, at) + junk + whole.slice(at + 1)),
  },
  {
    weight: 1,
    arbitrary: fc.oneof(
      fc.nat(9000).map((depth) => "[".repeat(depth)),
      fc.nat(2500).map((depth) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`),
      fc.constantFrom(
        "",
        " ",
        "null",
        "7",
        '"email"',
        "[]",
        "\ufeff{}",
        "{'email':1}",
        '{"email":"a",}',
        "NaN",
      ),
    ),
  },
);

const multipart = value.map(
  (content) => `--x\r\nContent-Disposition: form-data; name="email"\r\n\r\n${content}\r\n--x--\r\n`,
);

/** The most that the adapters read. */
const MAX = 16 * 1024;
const long = fc
  .tuple(
    fc.constantFrom('{"email":"', "email=", "a&"),
    fc.constantFrom(MAX - 20, MAX - 1, MAX, MAX + 1, 3 * MAX),
  )
  .map(([start, length]) => Buffer.from(start.padEnd(length, start === "a&" ? "a&" : "x")));

/** Bytes that are no text of the kind that is said, or are too many. */
export const odd: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.oneof(form, json, multipart).map((content) => Buffer.from(content)),
  fc.oneof(form, json).map((content) => Buffer.from(content, "latin1")),
  fc.oneof(form, json).map((content) => Buffer.from(content, "utf16le")),
  fc.oneof(form, json).map((content) => gzipSync(content)),
  fc.uint8Array({ maxLength: 300 }),
  long,
);
