import { passwordResetRoutes } from "relatch/http";
import { defaultPages } from "relatch/pages";
import { alter, issueLinks, OTHERS, pick } from "./link-scenarios.ts";
import { drawProbes, flat, labelRows, type Probe, timeProbes } from "./probes.ts";
import type { Scenario } from "./scenario.ts";
import { subject } from "./subject.ts";

// The routes of relatch/http in one process, without a network: what the pages and the JSON API respond.

/** Microseconds. A `Request` and a `Response` take longer, and their times are wider, than a call. */
const PLANTED = 50;

const FORM = "application/x-www-form-urlencoded";
const JSON_TYPE = "application/json";
const formOf = (email: string) => `email=${encodeURIComponent(email)}`;

const requests: Scenario = {
  name: "routes-request",
  title: "relatch/http in one process: a request",
  role: "server",
  async run(mode) {
    const kinds = [
      ["pages", FORM, formOf],
      ["JSON", JSON_TYPE, (email: string) => JSON.stringify({ email })],
      ["JSON, with a code", JSON_TYPE, (email: string) => JSON.stringify({ email, method: "code" })],
    ] as const;
    const rows = [];
    for (const [name, type, write] of kinds) {
      const drawn = drawProbes(mode);
      const passwordReset = subject({ accounts: drawn.accounts, codes: true, secondFactor: true });
      const send = sender(passwordReset);
      const inputs = drawn.probes.map(({ email }) => flat(write(email)));
      const call = ({ index }: Probe) => send("", type, inputs[index] as string, [200, 303]);
      rows.push(...labelRows(name, await timeProbes(drawn, call, PLANTED)));
    }
    return rows;
  },
};

const codes: Scenario = {
  name: "routes-code",
  title: "relatch/http in one process: a wrong code",
  role: "server",
  async run(mode) {
    const drawn = drawProbes(mode);
    const passwordReset = subject({ accounts: drawn.accounts, codes: true, secondFactor: true });
    const inputs: string[] = [];
    for (const { email } of drawn.probes) {
      const result = await passwordReset.requestReset({ email, ip: false, method: "code" });
      if (!result.ok) throw new Error(result.reason);
      inputs.push(flat(JSON.stringify({ ticket: result.ticket, code: "1234 5678" })));
    }
    await passwordReset.drain();
    const send = sender(passwordReset);
    const call = ({ index }: Probe) => send("/code", JSON_TYPE, inputs[index] as string, [400, 403, 404, 410, 422]);
    return labelRows("JSON", await timeProbes(drawn, call, PLANTED));
  },
};

const links: Scenario = {
  name: "routes-links",
  title:
    "relatch/http in one process: a forged link (known: one character away from a link that works; unknown: from one of another server)",
  role: "server",
  async run(mode) {
    const rows = [];
    const { passwordReset, links: issued } = await issueLinks({ secondFactor: true });
    const { links: others } = await issueLinks({}, OTHERS);
    const send = sender(passwordReset);
    const facts = { newPassword: "correct horse battery", secondFactor: { method: "totp", response: "123456" } };
    for (const path of ["/verify", "/complete"]) {
      const drawn = drawProbes(mode);
      const inputs = drawn.probes.map(({ state }) => {
        const token = alter(pick(state === "known" ? issued : others), 42);
        return flat(JSON.stringify({ token, ...(path === "/complete" && facts) }));
      });
      const call = ({ index }: Probe) => send(path, JSON_TYPE, inputs[index] as string, [400, 403, 404, 410, 422]);
      rows.push(...labelRows(`JSON ${path}`, await timeProbes(drawn, call, PLANTED)));
    }
    return rows;
  },
};

export const ROUTE_SCENARIOS: readonly Scenario[] = [requests, codes, links];

/** Sends a body to the routes and checks the status. */
function sender(passwordReset: ReturnType<typeof subject>) {
  const routes = passwordResetRoutes({ passwordReset, pages: defaultPages() });
  return async (path: string, type: string, body: string, statuses: readonly number[]): Promise<void> => {
    const request = new Request(`https://app.example.com/password_reset${path}`, {
      method: "POST",
      headers: { "Content-Type": type, "Sec-Fetch-Site": "same-origin", Origin: "https://app.example.com" },
      body,
    });
    const response = await routes.handle(request, { ip: false, isSignedIn: false });
    await response.arrayBuffer();
    if (!statuses.includes(response.status)) throw new Error(`${path}: status ${response.status}`);
  };
}
