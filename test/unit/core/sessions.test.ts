import { expect, test, vi } from "vitest";
import type { Config } from "../../../src/core/options.ts";
import { revokeSessions } from "../../../src/core/sessions.ts";
import { relatchError } from "../../helpers/errors.ts";

test("A failure of revokeSessions is reported with the strings that it was given, so that they are not printed", async () => {
  const cause = new Error("no sessions of account-4711 except stamp-of-mike");
  const report = vi.fn();
  const revoke = vi.fn().mockRejectedValue(cause);
  const config = { revokeSessions: revoke, calls: { report, timeout: 1000 } } as unknown as Config;
  const error = relatchError("ERR_SESSIONS", "revokeSessions threw");
  await expect(revokeSessions(config, "account-4711", "stamp-of-mike")).rejects.toEqual(error);
  expect(revoke.mock.calls).toEqual([["account-4711", { except: "stamp-of-mike" }]]);
  expect(report.mock.calls).toEqual([[error, cause, ["account-4711", "stamp-of-mike"]]]);
});
