import type { ResetUser } from "relatch";
import { memoryUsers } from "relatch/memory";
import { expect, test } from "vitest";
import { MIKE } from "../helpers/harness.ts";
import type { Client } from "../system/http/client.ts";
import { RESET } from "../system/http/contract/helpers.ts";
import { expectFound, kinds } from "./helpers/flaw.ts";
import { adapters, type Front, launch, startFront } from "./helpers/front.ts";

// Seven kinds of accounts, and one response: every byte that comes over the wire except the time of day. An event of
// each request shows that its account is of that kind.

/** Addresses of one length, because the page shows what was typed. */
const addressOf = (name: string) => `${name.padEnd(9, "-")}@example.org`;

const account = (name: string, changes: Partial<ResetUser> = {}): ResetUser => ({
  ...{ ...MIKE, id: name, email: addressOf(name), tenant: "main" },
  ...changes,
});

/** By name in the address: the account that the store finds, and the event of its request. */
const STATES: Readonly<Record<string, [account: ResetUser | undefined, event: string]>> = {
  known: [account("known"), "mail_sent"],
  nobody: [undefined, "request_skipped:unknown_account"],
  suspended: [account("suspended", { resetAllowed: false }), "request_skipped:not_allowed"],
  sso: [account("sso", { passwordHash: null }), "request_skipped:no_password"],
  often: [account("often"), "request_throttled:address"],
  quoted: [account("x", { email: '"quoted"@example.org' }), "request_skipped:unusable_address"],
  blue: [account("blue", { tenant: "blue" }), "request_skipped:other_tenant"],
};

const nameIn = (email: string): string => /^\w+/.exec(email)?.[0] ?? "";
const TENANTS = { tenants: ["main", "blue"], tenant: "main" };
const { setFirstPasswordHash: _, ...stored } = memoryUsers();
const users = { ...stored, findByEmail: async (email: string) => STATES[nameIn(email)]?.[0] };

const WAYS = {
  form: (email: string) => ["application/x-www-form-urlencoded", `${new URLSearchParams({ email })}`],
  JSON: (email: string) => ["application/json", JSON.stringify({ email })],
} as const;
const VISITORS: readonly (readonly string[])[] = [
  [],
  ["Accept-Language: ru-RU,ru;q=0.9"],
  [`Cookie: password_reset=${"A".repeat(43)}; session=x; __Host-session=y`],
  ["Accept: application/json", "User-Agent: curl/8"],
];

/** Returns the response as it came, without the time of day and the address that was typed. */
async function bytesFor(
  client: Client,
  email: string,
  way: keyof typeof WAYS,
  more: readonly string[],
): Promise<string> {
  const [type, body = ""] = WAYS[way](email);
  const head = [
    ...[`POST ${RESET} HTTP/1.1`, "Host: localhost", "Connection: close", "Sec-Fetch-Site: same-origin"],
    ...[`Content-Type: ${type}`, `Content-Length: ${body.length}`, ...more],
  ];
  const answer = await client.raw(`${head.join("\r\n")}\r\n\r\n${body}`);
  expect(answer).toMatch(/\r\nDate: [^\r]+\r\n/i);
  return answer.replace(/\r\nDate: [^\r]+/i, "").replaceAll(email, "what was typed");
}

async function expectUniform(app: Front, way: keyof typeof WAYS): Promise<void> {
  // The first page loads its texts, for which a connection that is half closed does not wait.
  await app.client.get(RESET);
  for (const visitor of VISITORS) {
    const answers: string[] = [];
    for (const [name, [, event]] of Object.entries(STATES)) {
      const email = addressOf(name);
      app.clock.now += 60 * 60_000;
      if (event.startsWith("request_throttled")) await app.passwordReset.requestReset({ email, ip: null });
      await app.passwordReset.drain();
      app.events.length = 0;
      answers.push(await bytesFor(app.client, email, way, visitor));
      await app.passwordReset.drain();
      expect(app.happened(), email).toContain(event);
    }
    expect(kinds(answers), visitor.join()).toEqual([expect.stringMatching(/^HTTP\/1\.1 200 OK\r\n/)]);
    expect(answers[0]).not.toMatch(/^Set-Cookie:/im);
  }
  expect(app.faults).toEqual([]);
}

for (const adapter of adapters) {
  for (const way of ["form", "JSON"] as const) {
    test(`Seven kinds of accounts get the same bytes in response to a ${way} (${adapter.name})`, async () => {
      await expectUniform(await startFront(adapter.listener, { users, ...TENANTS }), way);
      expect(new Set(Object.values(STATES).map(([, event]) => event)).size).toBe(7);
      // The control is an application that chose to tell unknown addresses.
      const { client, mike } = await launch(adapter, { revealUnknown: true });
      const answers = [mike.email, "nobody@example.org"].map((email) => bytesFor(client, email, way, []));
      await expectFound(async () => expect(kinds(await Promise.all(answers))).toHaveLength(1));
    });
  }
}
