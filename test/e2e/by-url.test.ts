// The contract of the reset pages, asked of an application that runs already, whatever it is written in:
//
//     RELATCH_APP_URL=http://localhost:8000 RELATCH_APP_ACCOUNTS=accounts.json npx vitest run test/e2e/by-url.test.ts
//
// RELATCH_APP_URL            Where it is, without a path. Its links have to start with the same.
// RELATCH_APP_ACCOUNTS       A JSON file of [{ "email": …, "password": … }]: accounts that exist, with no locale of
//                            their own. A run takes some 50, each once, and leaves most with another password.
// RELATCH_APP_INBOX          Answers the mails so far as JSON, the newest first: [{ "kind": "reset_link", "to": …,
//                            "subject": …, "text": …, "html": … }]. Default: /dev/mail at RELATCH_APP_URL.
// RELATCH_APP_CLIENT_HEADER  See below.
//
// The routes have to be those of the examples: /password_reset and what is below it, /login, /logout and / for who is
// signed in. The limits by client (30 requests, and 50 sign-ins, in 15 minutes) would stop the suite half-way: so the
// application takes its clients' addresses from a header, as behind a proxy, and RELATCH_APP_CLIENT_HEADER names it
// (X-Forwarded-For, say); or it has no such limits. The limits by address may stay: no address is asked twice.
//
// What needs an application with other options is skipped, with a line each.

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
  it.skip(`the contract by URL: ${missing}`, () => {});
}
