import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Argon2id } from "oslo/password";
import { afterAll, describe, expect, it, vi } from "vitest";
import { appFromEnvironment, remoteApp } from "./by-url.ts";
import { httpContract } from "./http-contract.ts";
import { startExpress } from "./start-express.ts";

// The Express example as its users run it, with its own limits and real hashing, known by its URL alone.

const people = Array.from({ length: 60 }, (_, i) => ({
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
if (!start) throw new Error("RELATCH_APP_URL is set");
httpContract("express by URL", start);

describe("the contract by URL", () => {
  it("is not asked of anything without RELATCH_APP_URL", () => {
    expect(appFromEnvironment({ RELATCH_APP_ACCOUNTS: accounts })).toBeUndefined();
  });

  it("says what is missing", async () => {
    const { origin } = express;
    expect(() => appFromEnvironment({ RELATCH_APP_URL: origin })).toThrow("RELATCH_APP_ACCOUNTS");
    const { accounts: none } = await remoteApp({ url: origin, accounts: [] })();
    expect(() => none[0]).toThrow("0 accounts are too few");
    const nowhere = remoteApp({ url: origin, accounts: [], inbox: `${origin}/nowhere` });
    await expect(nowhere()).rejects.toThrow("/nowhere answers 404");
  });
});
