import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createPrinter } from "../../../src/core/stderr.ts";
import { RelatchError } from "../../../src/lib/errors.ts";
import { harness, MIKE } from "../../helpers/harness.ts";

const lines: string[] = [];
beforeEach(() => {
  lines.length = 0;
  vi.spyOn(console, "error").mockImplementation((...line) => void lines.push(line.join(" ")));
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A password reset whose developer listens to nothing. */
const createSilent = (options: Parameters<typeof harness>[0] = {}) =>
  harness({ onEvent: undefined, onError: undefined, ...options });

async function request({ passwordReset }: ReturnType<typeof harness>, email = MIKE.email) {
  await passwordReset.requestReset({ email, ip: "192.0.2.7" });
  await passwordReset.drain();
}

describe("Without a listener, stderr says what is wrong and what to do:", () => {
  test("a misspelled column in the users query", async () => {
    const its = createSilent();
    const cause = Object.assign(new Error(`column "emial" does not exist`), { name: "DatabaseError", code: "42703" });
    its.users.findByEmail = () => Promise.reject(cause);
    await request(its);
    expect(lines[0]).toMatch(
      /users\.findByEmail.*DatabaseError.*42703.*column "emial" does not exist\. Check the names of the col/,
    );
  });

  test.each([
    ["PostgreSQL", { code: "42P01", message: 'relation "password_reset_tokens" does not exist' }],
    ["MySQL", { code: "ER_NO_SUCH_TABLE", message: "Table 'app.password_reset_tokens' doesn't exist" }],
    ["SQLite", { code: "SQLITE_ERROR", message: "no such table: password_reset_tokens" }],
  ])("a token table that nobody has created in %s", async (_, properties) => {
    const its = createSilent();
    its.tokens.save = () => Promise.reject(Object.assign(new Error(properties.message), properties));
    await request(its);
    expect(lines[0]).toMatch(/tokens\.save.*password_reset_tokens.*createTable\(\)/);
  });

  test("a numeric id", async () => {
    const its = createSilent();
    its.users.findByEmail = async () => ({ ...MIKE, id: 42 as unknown as string });
    await request(its);
    expect(lines[0]).toMatch(/users\.findByEmail must return an account whose id is a string.*String\(row\.id\)/);
  });

  test("a mail server that does not respond to connections", async () => {
    const its = createSilent();
    const text = `connect ECONNREFUSED 127.0.0.1:587 for ${MIKE.email}`;
    its.mailer.send = () => Promise.reject(Object.assign(new Error(text), { code: "ECONNREFUSED" }));
    await request(its);
    expect(lines[0]).toMatch(/ERR_MAILER: mailer\.send.*ECONNREFUSED.*host and port/);
    expect(lines.join()).not.toContain(MIKE.email);
    expect(lines.some((line) => /job_dropped.*reason=gave_up.*jobId=/.test(line))).toBe(true);
  });

  test("an email that is refused for good", async () => {
    const its = createSilent();
    its.mailer.send = () => Promise.reject(Object.assign(new Error("550 no such user"), { permanent: true }));
    await request(its);
    expect(lines.some((line) => /mail_refused.*userId=42 .*kind=reset_link/.test(line))).toBe(true);
  });

  test("a client address that is none", async () => {
    const its = createSilent();
    await its.passwordReset.requestReset({ email: MIKE.email, ip: "unknown" });
    expect(lines).toEqual([expect.stringMatching(/client_address_unusable.*proxy/)]);
  });

  test("a notice that nobody can get", async () => {
    const its = createSilent();
    const token = await its.requestToken();
    its.users.replacePasswordHash = async ({ next }) => {
      its.users.set({ ...MIKE, email: "mike", passwordHash: next });
      return true;
    };
    its.users.findById = async () => ({ ...MIKE, email: "mike@example.org\n" });
    await its.passwordReset.completeReset({ token, newPassword: "correct horse battery" });
    expect(lines.join("\n")).not.toMatch(/mike@|correct horse|old-hash/);
  });
});

test("A listener replaces the lines of its own kind only", async () => {
  const failing = () => Promise.reject(Object.assign(new Error("down"), { permanent: true }));
  const onEvent = createSilent({ onEvent: () => {} });
  onEvent.mailer.send = failing;
  await request(onEvent);
  expect(lines.map((line) => line.split(":")[1]?.trim())).toEqual(["ERR_MAILER"]);
  lines.length = 0;
  const onError = createSilent({ onError: () => {} });
  onError.mailer.send = failing;
  await request(onError);
  expect(lines.map((line) => line.split(":")[1]?.trim())).toEqual(["mail_refused"]);
});

test("Nothing is printed when all goes well, nor for events that nobody has to act on", async () => {
  const its = createSilent();
  const token = await its.requestToken();
  await request(its, "nobody@example.org");
  await its.passwordReset.completeReset({ token: "x", newPassword: "" });
  await its.passwordReset.completeReset({ token, newPassword: "short" });
  await its.passwordReset.completeReset({ token, newPassword: "correct horse battery" });
  await its.passwordReset.drain();
  expect(lines).toEqual([]);
});

test("Of the jobs that are dropped, those are printed whose email is missing", () => {
  const reasons = ["malformed", "forged", "stale", "unknown_tenant", "queue_full", "gave_up"] as const;
  const { printEvent } = createPrinter();
  for (const reason of [...reasons, "duplicate", "not_committed"] as const) printEvent({ type: "job_dropped", reason });
  expect(lines.map((line) => line.split("reason=")[1])).toEqual(reasons);
});

describe("The text of a cause", () => {
  const print = (message: string, known: string[] | undefined = []) => {
    const error = new RelatchError("ERR_USER_STORE", "users.findById threw an error.");
    createPrinter().printFailure(error, new Error("outer", { cause: new Error(message) }), known);
    return lines[0] ?? "";
  };
  const HASH = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$aGFzaA";

  test("is that of the innermost cause", () => {
    expect(print("column does not exist")).toMatch(/The cause: column does not exist$/);
  });

  test("is left out if the call was given a secret", () => {
    const error = new RelatchError("ERR_HASHER", "hasher.hash threw an error.");
    createPrinter().printFailure(error, new Error("correct horse battery"), undefined);
    expect(lines).toEqual(["relatch: ERR_HASHER: hasher.hash threw an error."]);
  });

  test.each([
    ["the address in the call", "duplicate key mike@example.org", ["mike@example.org"]],
    ["an address in another form", "duplicate key (MIKE@Example.ORG)", ["mike@example.org"]],
    ["an address that the call did not contain", "row of Mike <mike@example.org>", []],
    ["the hash in the call", `params: ${HASH},42`, [HASH]],
    ["a hash that the call did not contain", `params: ${HASH},42`, []],
    ["a hash of bcrypt", "$2b$12$abcdefghijklmnopqrstuuJ9k1Zz0123456789abcdefghijklmno", []],
    ["a digest", `Key (token_hash)=(${"ab".repeat(32)}) already exists`, []],
    ["a token", `GET /password_reset/${"aB3_-".repeat(9)}`, []],
    ["an id in the call", "no row for account-4711", ["account-4711"]],
    ["an address as it is quoted in SQL", "near 'o''mike@example.org'", ["o'mike@example.org"]],
    ["an address as MySQL quotes it", "near 'jane.mary.o\\'mike@example.org'", ["jane.mary.o'mike@example.org"]],
    ["a name as it is quoted in SQL", "VALUES ('of-mike o''neill')", ["of-mike o'neill"]],
    ["an address in a URL", "GET /users?email=mike%40example.org failed", []],
    ["a hash in a URL", `GET /?q=${encodeURIComponent(`["${HASH}"]`)} failed`, []],
    ["the hash of the call in a URL", "GET /?q=a%20hash%2Fof-mike failed", ["a hash/of-mike"]],
  ])("is printed without %s", (_, message, known) => {
    const line = print(message, known);
    expect(line).toContain("…");
    expect(line).not.toMatch(/mike(@|%40)|example\.org|argon2id|\$2b|abab|aB3_|4711|of-mike/i);
  });

  test("is one line without control characters, of at most 300 characters", () => {
    const line = print(`a\nb\r\u0000c\u001b[31m\u2028d\u202e${"word ".repeat(1000)}`);
    expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(line.split("The cause: ")[1]?.length).toBe(301);
  });

  test.each<[string, unknown, text: string]>([
    ["a string", "down", ""],
    ["null", null, ""],
    [
      "an error whose message throws",
      Object.defineProperty(new Error(), "message", { get: () => JSON.parse("{") }),
      "",
    ],
    ["a chain without an end, unlike its message", endless(), " The cause: round and round"],
  ])("may be missing, as in %s", (_, cause, text) => {
    const error = new RelatchError("ERR_USER_STORE", "users.findById threw an error.");
    createPrinter().printFailure(error, cause, []);
    expect(lines).toEqual([`relatch: ERR_USER_STORE: users.findById threw an error.${text}`]);
  });

  test("shows no half of a secret where a long text is cut", () => {
    const secret = `a-secret-of-${"x".repeat(19)}`;
    expect(print(`${secret} `.repeat(1000), [secret])).not.toContain("a-secret");
  });

  test.each<[what: string, message: string, known: string[], text: string]>([
    ["an address goes, and the words around it stay", "key (mike@example.org) exists", [], "key (…) exists"],
    ["a longer secret goes before a shorter one in it", "row abcd-efgh", ["abcd", "abcd-efgh"], "row …"],
    ["a secret of four characters goes", "row 4711", ["4711"], "row …"],
    ["one of three characters stays, because it is a word of many texts", "the row 471", ["the", "471"], "the row 471"],
    ["several blanks become one", "a \t\r\n  b", [], "a b"],
    ["blanks at the ends go", "  down  ", [], "down"],
    ["an address of one letter on each side goes whole", "to a@b now", [], "to … now"],
    ["an address goes whole", "to mike@example.org now", [], "to … now"],
    ["an address with an apostrophe goes whole", "row sean.o'brien@example.org", [], "row …"],
    ["an address with a sign of equality goes whole", "row bounce=4711@example.org", [], "row …"],
    ["an address in SQL goes with the name of its column", "where email='mike@example.org' and", [], "where …' and"],
    ["a price stays", "costs $15 per month", [], "costs $15 per month"],
    ["31 characters of an alphabet stay", `id ${"a".repeat(31)}`, [], `id ${"a".repeat(31)}`],
    ["32 characters of an alphabet go", `id ${"a".repeat(32)}`, [], "id …"],
    ["300 characters stay", "ab ".repeat(100).trim().padEnd(300, "c"), [], "ab ".repeat(100).trim().padEnd(300, "c")],
    ["of 301 characters, the last goes", `${"ab ".repeat(99)}abcd`, [], `${"ab ".repeat(99)}abc…`],
  ])("is printed so that %s", (_, message, known, text) => {
    expect(print(message, known)).toBe(`relatch: ERR_USER_STORE: users.findById threw an error. The cause: ${text}`);
  });

  test("is cut between two words if it is longer than 10,000 characters", () => {
    // The end of the last word, which is too long to be read as a whole, could be the half of a secret.
    const start = "\u0000".repeat(9_995);
    expect(print(`${start}ab cdefgh`)).toMatch(/The cause: ab$/);
    lines.length = 0;
    expect(print(`${start}ab cd`)).toMatch(/The cause: ab cd$/);
    lines.length = 0;
    expect(print(`${start}ab cdefgh ij`)).toMatch(/The cause: ab$/);
  });

  test("takes linear time", () => {
    for (const unit of ["@", "a@", "$", "\u0000", " ", "…", "aA0_"]) print(unit.repeat(1_000_000));
    expect(lines).toHaveLength(7);
  });
});

describe("The hint", () => {
  const HOST = "Check host and port of the server.";
  const USER = "Check the user name and the password of the connection.";
  const COLUMNS = "Check the names of the columns in this query.";
  const TABLE =
    "Create the table first. Token stores of relatch have createTable() for development, and their SQL for migrations.";

  const print = (detail: string | undefined, cause?: Error) => {
    const error = new RelatchError("ERR_TOKEN_STORE", "tokens.save threw an error.", { detail });
    createPrinter().printFailure(error, cause, []);
    return lines[0]?.slice("relatch: ERR_TOKEN_STORE: tokens.save threw an error.".length);
  };

  test.each([
    ...["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ETIMEDOUT", "ECONNECTION"].map((code) => [
      code,
      HOST,
    ]),
    ...["ESOCKET", "EDNS"].map((code) => [code, HOST]),
    ...["EAUTH", "28P01", "28000", "ER_ACCESS_DENIED_ERROR"].map((code) => [code, USER]),
    ...["42703", "ER_BAD_FIELD_ERROR"].map((code) => [code, COLUMNS]),
    ...["42P01", "ER_NO_SUCH_TABLE"].map((code) => [code, TABLE]),
  ])("for the code %s says what to check", (code, hint) => {
    expect(print(code)).toBe(` ${hint}`);
  });

  test.each(["XECONNREFUSED", "X28P01", "X42703", "X42P01", "ECONNREFUSEDX", "42P015", undefined])(
    "is left out for the code %s",
    (code) => {
      expect(print(code)).toBe("");
    },
  );

  test("comes after the text of the cause, as a separate sentence", () => {
    expect(print("42P01", new Error("no relation"))).toBe(` The cause: no relation. ${TABLE}`);
  });
});

test("Each event that somebody has to act on is one line with its fields, without those that are missing", () => {
  const { printEvent } = createPrinter();
  const job = { jobId: "j", userId: undefined, tenant: undefined, correlationId: undefined };
  printEvent({ type: "job_dropped", jobType: "follow_up", reason: "gave_up", ...job });
  printEvent({ type: "mail_refused", kind: "reset_link", detail: "550", ...job });
  printEvent({ type: "notice_skipped", reason: "unusable_address", ...job });
  printEvent({ type: "client_address_unusable", reason: "private_address" });
  expect(lines).toEqual([
    "relatch: job_dropped: A job was dropped, so its email was not sent. jobType=follow_up reason=gave_up jobId=j",
    "relatch: mail_refused: The mail server refused an email for good. kind=reset_link detail=550 jobId=j",
    "relatch: notice_skipped: The owner could not be told about a new password, because no address is usable. " +
      "reason=unusable_address jobId=j",
    "relatch: client_address_unusable: The option ip was not the address of a client. Check the proxy settings of the " +
      "server. reason=private_address",
  ]);
});

test("A value that could be read as another field, or as another line, is quoted", () => {
  const { printEvent } = createPrinter();
  const job = { jobId: "j", userId: "a b", tenant: undefined, correlationId: "x jobId=other" };
  printEvent({ type: "mail_refused", kind: "reset_link", detail: "550\nrelatch: fine", ...job });
  expect(lines[0]).toMatch(/ detail="550\\nrelatch: fine" jobId=j userId="a b" correlationId="x jobId=other"$/);
});

function endless(): Error {
  const error = new Error("round and round");
  error.cause = error;
  return error;
}

test("At most ten lines of a kind are printed in a minute", () => {
  const start = 100_000;
  let now = start;
  const printer = createPrinter(() => now);
  const fail = (code: "ERR_MAILER" | "ERR_USER_STORE") =>
    printer.printFailure(new RelatchError(code, "mailer.send threw an error."), undefined, undefined);
  for (let n = 0; n < 1000; n++) fail("ERR_MAILER");
  for (let n = 0; n < 1000; n++) printer.printEvent({ type: "client_address_unusable", reason: "not_an_address" });
  fail("ERR_USER_STORE");
  const kinds = lines.map((line) => line.split(" ")[1]);
  expect(kinds).toEqual([
    ...new Array(10).fill("ERR_MAILER:"),
    ...new Array(10).fill("client_address_unusable:"),
    "ERR_USER_STORE:",
  ]);
  expect(lines[8]).not.toContain("left out");
  expect(lines[9]).toContain("left out");
  now = start + 59_999;
  fail("ERR_MAILER");
  expect(lines).toHaveLength(21);
  now = start + 60_000;
  fail("ERR_MAILER");
  expect(lines).toHaveLength(22);
});
