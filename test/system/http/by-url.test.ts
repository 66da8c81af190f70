// Tests any running application against the contract of the reset pages, whatever language it is written in:
//
//     RELATCH_APP_URL=http://localhost:8000 RELATCH_APP_ACCOUNTS=accounts.json npx vitest run test/system/http/by-url.test.ts
//
// RELATCH_APP_URL            The origin of the application and of its links.
// RELATCH_APP_ACCOUNTS       A JSON file of [{ "email": …, "password": … }] with about 60 existing accounts without a
//                            locale. Each is used once, and most get another password.
// RELATCH_APP_INBOX          A URL that returns the emails so far as JSON, the newest first: [{ "kind": "reset_link",
//                            "to": …, "subject": …, "text": …, "html": … }]. Default: /dev/mail at RELATCH_APP_URL.
// RELATCH_APP_CLIENT_HEADER  The header with the client's address, for example X-Forwarded-For.
//
// The routes must be those of the examples: /password_reset and below, /login, /logout, and / for a signed-in person.
// The limits per client (30 requests and 50 sign-ins in 15 minutes) would stop the suite, so the application must take
// the client's address from a header, as behind a proxy, or have no such limits. The limits per address may stay.
//
// Tests that need an application with other options are skipped, with one line for each.

import { it, vi } from "vitest";
import { appFromEnvironment } from "./by-url.ts";
import { httpContract } from "./http-contract.ts";

vi.setConfig({ testTimeout: 30_000 });

const start = appFromEnvironment(process.env);
if (start) {
  httpContract(`${process.env["RELATCH_APP_URL"]}`, start);
} else {
  const missing = "RELATCH_APP_URL is not set";
  process.stderr.write(`skipped "the contract by URL": ${missing}\n`);
  it.skip(`the contract by URL is skipped: ${missing}`, () => {});
}
