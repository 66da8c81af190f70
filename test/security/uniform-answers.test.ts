import type { ResetUser } from "relatch";
import { memoryUsers } from "relatch/memory";
import { expect, test } from "vitest";
import type { Client } from "../e2e/client.ts";
import { RESET } from "../e2e/contract/helpers.ts";
import { MIKE } from "../harness.ts";
import { overHttp, overRoutes } from "./helpers/adapters.ts";
import { kinds } from "./helpers/answers.ts";

// Seven kinds of accounts, and one answer: every byte that comes over the wire but the time of day. Each kind is what
// it says: an event tells what became of its request.

const HOUR = 60 * 60_000;

/** What is typed, what the store has for it, and the event that comes of it. */
const STATES: Readonly<Record<string, { email: string; account?: ResetUser; outcome: string }>> = {
  known: { email: MIKE.email, account: MIKE, outcome: "mail_sent" },
  unknown: { email: "nobody@example.org", outcome: "request_skipped:unknown_account" },
  suspended: {
    email: "sue@example.org",
    account: { ...MIKE, id: "43", email: "sue@example.org", resetAllowed: false },
    outcome: "request_skipped:not_allowed",
  },
  "no password": {
    email: "sso@example.org",
    account: { ...MIKE, id: "44", email: "sso@example.org", passwordHash: null },
    outcome: "request_skipped:no_password",
  },
  throttled: {
    email: "often@example.org",
    account: { ...MIKE, id: "45", email: "often@example.org" },
    outcome: "request_throttled:address",
  },
  "unusable address on file": {
    email: "quoted@example.org",
    account: { ...MIKE, id: "46", email: '"quoted"@example.org' },
    outcome: "request_skipped:unusable_address",
  },
  "other tenant": {
    email: "blue@example.org",
    account: { ...MIKE, id: "47", email: "blue@example.org", tenant: "blue" },
    outcome: "request_skipped:other_tenant",
  },
};
const all = Object.entries(STATES);

// Without a first password, as where accounts may have none.
const { setFirstPasswordHash: _, ...stored } = memoryUsers();
const users = {
  ...stored,
  findByEmail: async (email: string) => all.find(([, state]) => state.email === email)?.[1].account,
};

const WAYS = {
  "a form": (email: string) => ["application/x-www-form-urlencoded", `${new URLSearchParams({ email })}`],
  JSON: (email: string) => ["application/json", JSON.stringify({ email })],
} as const;

const VISITORS: Readonly<Record<string, readonly string[]>> = {
  "a browser that was never there": [],
  "one that speaks Russian": ["Accept-Language: ru-RU,ru;q=0.9"],
  "one with cookies": [`Cookie: password_reset=${"A".repeat(43)}; session=x; __Host-session=y`],
  "a program": ["Accept: application/json", "User-Agent: curl/8"],
};

/** The answer as it came, without the time of day. */
async function bytesFor(
  client: Client,
  email: string,
  way: keyof typeof WAYS,
  more: readonly string[] = [],
): Promise<string> {
  const [type, body = ""] = WAYS[way](email);
  const head = [
    `POST ${RESET} HTTP/1.1`,
    "Host: localhost",
    "Connection: close",
    "Sec-Fetch-Site: same-origin",
    `Content-Type: ${type}`,
    `Content-Length: ${body.length}`,
    ...more,
  ];
  const answer = await client.raw(`${head.join("\r\n")}\r\n\r\n${body}`);
  expect(answer).toMatch(/\r\nDate: [^\r]+\r\n/i);
  return answer.replace(/\r\nDate: [^\r]+/i, "");
}

for (const way of Object.keys(WAYS) as (keyof typeof WAYS)[]) {
  overRoutes(
    `${way}: byte for byte the same answer for seven kinds of accounts`,
    async ({ client, clock, events, happened, passwordReset, faults }) => {
      for (const [visitor, headers] of Object.entries(VISITORS)) {
        const answers: string[] = [];
        for (const [name, { email, outcome }] of all) {
          clock.now += HOUR;
          if (name === "throttled") await passwordReset.requestReset({ email, ip: null });
          await passwordReset.drain();
          events.length = 0;
          answers.push(await bytesFor(client, email, way, headers));
          await passwordReset.drain();
          expect(happened(), name).toContain(outcome);
        }
        expect(answers, visitor).toHaveLength(7);
        expect(kinds(answers), visitor).toEqual([expect.stringMatching(/^HTTP\/1\.1 200 OK\r\n/)]);
        expect(answers[0], visitor).not.toMatch(/^Set-Cookie:/im);
      }
      expect(faults).toEqual([]);
    },
    { users },
  );

  overHttp(
    `${way}, the control: an application that tells unknown addresses is found out`,
    async ({ client, mike }) => {
      const emails = [mike.email, "nobody@example.org"];
      const answers = await Promise.all(emails.map((email) => bytesFor(client, email, way)));
      expect(kinds(answers)).toHaveLength(2);
    },
    { revealUnknown: true },
  );
}

test("every kind is one of its own", () => {
  expect(new Set(all.map(([, { outcome }]) => outcome)).size).toBe(7);
});
