import type { TokenStore } from "relatch";
import { expect } from "vitest";
import { uniqueName } from "../../helpers/services.ts";
import { record } from "./token-store-suite.ts";

/** Asserts that one store reads the instant that the other wrote, in whatever time zones both run. */
export async function expectSameInstants(one: TokenStore, other: TokenStore): Promise<void> {
  const before = process.env["TZ"];
  try {
    for (const [writer, reader] of [
      ["America/New_York", "Asia/Tokyo"],
      ["Australia/Lord_Howe", "UTC"],
    ] as const) {
      for (const instant of [Date.UTC(2040, 2, 11, 7, 30, 0, 1), Date.UTC(2040, 10, 4, 6, 30, 0, 999)]) {
        const saved = record({ userId: uniqueName("zone"), expiresAt: new Date(instant) });
        process.env["TZ"] = writer;
        await one.save(saved);
        process.env["TZ"] = reader;
        expect((await other.find(saved.tokenHash))?.expiresAt.getTime()).toBe(instant);
        await one.deleteByUser(saved.userId);
      }
    }
  } finally {
    if (before === undefined) delete process.env["TZ"];
    else process.env["TZ"] = before;
  }
}
