import { breachedPassword, TimeSpan } from "relatch";
import { fetchMailer } from "relatch/fetch";
import { describe, expect, test, vi } from "vitest";

// Over the runtime's own fetch. What the services do stands in the path: see services-outside.ts.

vi.setConfig({ testTimeout: 30_000 });

const services = process.env["RELATCH_SERVICES"] ?? "";

/** Only what never ends is given little time. */
const patience = (behaviour: string) => (behaviour.startsWith("never") ? 500 : 20_000);

describe("breachedPassword, where the service", () => {
  async function judge(behaviour: string) {
    const onUnavailable = vi.fn();
    const endpoint = `${services}/range/${encodeURIComponent(behaviour)}/`;
    const rule = breachedPassword({ endpoint, timeoutMs: patience(behaviour), onUnavailable: "refuse" });
    const verdict = await rule("correct horse battery", { onUnavailable });
    return [verdict?.code, ...onUnavailable.mock.calls.flat()];
  }

  test.each([
    ["knows the password", "breached"],
    ["knows it, in pieces", "breached"],
    ["does not know it", undefined],
  ])("%s: %s", async (behaviour, code) => {
    expect(await judge(behaviour)).toEqual([code]);
  });

  test.each([
    "redirects",
    "answers 500",
    "answers 204",
    "answers nothing",
    "hangs up",
    "never answers",
    "never ends",
  ])("%s: unavailable", async (behaviour) => {
    expect(await judge(behaviour)).toEqual(["breach_check_unavailable", "refused"]);
  });
});

describe("fetchMailer, where the service", () => {
  async function send(behaviour: string) {
    const mailer = fetchMailer(
      () => ({
        url: `${services}/mail/${encodeURIComponent(behaviour)}`,
        headers: { Authorization: "Bearer the-key" },
        body: "{}",
      }),
      { from: "Acme <noreply@example.com>", timeout: new TimeSpan(patience(behaviour), "ms") },
    );
    const message = { to: "mike@example.org", subject: "Reset", text: "a link" };
    const about = { kind: "reset_link", userId: "42", locale: "en", idempotencyKey: "key" } as const;
    return mailer.send(message, about);
  }

  test("takes the mail", async () => {
    await send("takes the mail");
  });

  test.each([
    ["refuses the mail", { responseCode: 422, permanent: true }],
    ["is busy", { responseCode: 429, permanent: false, retryAfterSeconds: 7 }],
    ["answers 500", { responseCode: 500, permanent: false }],
    ["redirects", { responseCode: 302, permanent: false }],
    ["never answers", { code: "ETIMEDOUT" }],
  ])("%s: %j", async (behaviour, failure) => {
    await expect(send(behaviour)).rejects.toMatchObject(failure);
  });

  test("hangs up: it may have taken the mail", async () => {
    const failure = await send("hangs up").then(
      () => ({ unsent: "taken" }),
      (error: { unsent?: boolean }) => error,
    );
    expect(failure.unsent).not.toBe("taken");
    expect(failure.unsent).not.toBe(true);
  });
});
