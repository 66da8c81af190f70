import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Argon2id } from "oslo/password";
import { afterAll, describe, expect, it, vi } from "vitest";
import { appFromEnvironment, remoteApp } from "./by-url.ts";
import { launcher } from "./contract/helpers.ts";
import { flowContract } from "./contract/pages.ts";
import { startExpress } from "./start-express.ts";

// Tests the Express example with its limits and real hashing by its URL alone. This is the short form: lab/runtimes runs
// the complete contract by URL.

const people = Array.from({ length: 12 }, (_, i) => ({
  email: `person-${i}@example.org`,
  password: `the-old-key-of-${i}`,
}));
const express = await startExpress({ people, hasher: new Argon2id(), behindProxy: true });
const folder = mkdtempSync(join(tmpdir(), "relatch-by-url-"));
const accounts = join(folder, "accounts.json");
writeFileSync(accounts, JSON.stringify(people));
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await express.close();
});

vi.setConfig({ testTimeout: 30_000 });

const start = appFromEnvironment({
  RELATCH_APP_URL: express.origin,
  RELATCH_APP_ACCOUNTS: accounts,
  RELATCH_APP_CLIENT_HEADER: "X-Forwarded-For",
});
if (!start) throw new Error("RELATCH_APP_URL is not set.");
flowContract("express by URL", launcher(start));

describe("the contract by URL", () => {
  it("the contract by URL needs RELATCH_APP_URL", () => {
    expect(appFromEnvironment({ RELATCH_APP_ACCOUNTS: accounts })).toBeUndefined();
  });

  it("the contract by URL says which variable or resource is missing", async () => {
    const { origin } = express;
    expect(() => appFromEnvironment({ RELATCH_APP_URL: origin })).toThrow("RELATCH_APP_ACCOUNTS");
    const { accounts: none } = await remoteApp({ url: origin, accounts: [] })();
    expect(() => none[0]).toThrow("0 accounts are not enough");
    const nowhere = remoteApp({ url: origin, accounts: [], inbox: `${origin}/nowhere` });
    await expect(nowhere()).rejects.toThrow("/nowhere returned 404");
  });
});
