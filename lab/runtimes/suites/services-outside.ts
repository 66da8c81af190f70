import { breachedPassword, TimeSpan } from "relatch";
import { fetchMailer } from "relatch/fetch";
import { describe, expect, test, vi } from "vitest";

// Over the runtime's own fetch. The path tells the service what to do: see services-outside.ts.

vi.setConfig({ testTimeout: 30_000 });

const services = process.env["RELATCH_SERVICES"] ?? "";

/** Only what never ends is given little time. */
const patience = (behavior: string) => (behavior.startsWith("never") ? 500 : 20_000);

describe("breachedPassword, where the service", () => {
  async function judge(behavior: string) {
    const onUnavailable = vi.fn();
    const endpoint = `${services}/range/${encodeURIComponent(behavior)}/`;
    const rule = breachedPassword({ endpoint, timeoutMs: patience(behavior), onUnavailable: "refuse" });
    const verdict = await rule("correct horse battery", { onUnavailable });
    return [verdict?.code, ...onUnavailable.mock.calls.flat()];
  }

  test.each([
    ["knows the password", "breached"],
    ["knows it, in pieces", "breached"],
    ["does not know it", undefined],
  ])("%s: %s", async (behavior, code) => {
    expect(await judge(behavior)).toEqual([code]);
  });

  test.each([
    "redirects",
    "responds 500",
    "responds 204",
    "responds with nothing",
    "hangs up",
    "never responds",
    "never ends",
  ])("%s: unavailable", async (behavior) => {
    expect(await judge(behavior)).toEqual(["breach_check_unavailable", "refused"]);
  });
});

describe("fetchMailer, where the service", () => {
  async function send(behavior: string) {
    const mailer = fetchMailer(
      () => ({
        url: `${services}/mail/${encodeURIComponent(behavior)}`,
        headers: { Authorization: "Bearer the-key" },
        body: "{}",
      }),
      { timeout: new TimeSpan(patience(behavior), "ms") },
    );
    const message = {
      ...{ from: "Acme <noreply@example.com>", to: "mike@example.org", subject: "Reset", text: "a link", headers: {} },
      variables: { kind: "no_account", appName: "Acme" },
    } as const;
    const about = { kind: "no_account", jobId: "1", locale: "en", idempotencyKey: "key" } as const;
    return mailer.send(message, about);
  }

  test("accepts the email", async () => {
    await send("accepts the email");
  });

  test.each([
    ["refuses the email", { responseCode: 422, permanent: true }],
    ["is busy", { responseCode: 429, permanent: false, retryAfterSeconds: 7 }],
    ["responds 500", { responseCode: 500, permanent: false }],
    ["redirects", { responseCode: 302, permanent: false }],
    ["never responds", { code: "ETIMEDOUT" }],
  ])("%s: %j", async (behavior, failure) => {
    await expect(send(behavior)).rejects.toMatchObject(failure);
  });

  test("hangs up: it may have accepted the email", async () => {
    await expect(send("hangs up")).rejects.not.toMatchObject({ permanent: true });
  });
});
