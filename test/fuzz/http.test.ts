import { Agent, request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client } from "../e2e/client.ts";
import { INSIDE, requestToken } from "../e2e/contract/helpers.ts";
import { startExpress } from "../e2e/start-express.ts";
import { startHono } from "../e2e/start-hono.ts";
import type { RunningOnNode } from "../e2e/start-node.ts";
import { TOKEN } from "./bodies.ts";
import { intact } from "./guarded.ts";
import { type HttpRequest, httpRequest } from "./http-requests.ts";
import { assertAll, plan, timeout } from "./runs.ts";

// The example adapters over the loopback: whatever is posted, the answer has a status that the guide knows, which is
// the client's fault and never the server's, and shows nothing of the inside.

/** 2xx and 3xx for what is right, 4xx for all else. */
const STATUSES = [200, 303, 400, 403, 404, 405, 409, 413, 415, 422, 429];

const NO_LIMITS = { client: { max: 2 ** 40, windowSeconds: 900 }, address: false } as const;

interface Answered {
  status: number;
  location: string;
  text: string;
}

describe.each([
  ["Express", startExpress],
  ["Hono", startHono],
])("%s", (_, start) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let app: RunningOnNode;
  let token: string;
  beforeAll(async () => {
    app = await start({ limits: NO_LIMITS });
    await freshLink();
  });
  async function freshLink(): Promise<void> {
    token = await requestToken(app, new Client(app.port), app.accounts[0]);
  }

  afterAll(async () => {
    agent.destroy();
    await app.close();
  });

  function answerTo({ method, path, headers, body }: HttpRequest): Promise<Answered> {
    const filled = Object.entries(headers).map(([name, value]) => [name, value.replaceAll(TOKEN, token)]);
    const content = Buffer.from(
      body.toString().includes(TOKEN) ? body.toString().replaceAll(TOKEN, token) : body,
    );
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          ...{ agent, method, port: app.port, host: "127.0.0.1", path: path.replaceAll(TOKEN, token) },
          headers: { ...Object.fromEntries(filled), "Content-Length": content.length },
        },
        async (incoming) => {
          const chunks = await incoming.setEncoding("utf8").toArray().catch(reject);
          const { statusCode = 0, headers: answered } = incoming;
          resolve({ status: statusCode, location: answered.location ?? "", text: (chunks ?? []).join("") });
        },
      );
      outgoing.on("error", reject).end(content);
    });
  }

  test("whatever is posted", { timeout }, async () => {
    const counts = new Map<number, number>();
    await assertAll(
      httpRequest,
      async (given) => {
        const { status, location, text } = await answerTo(given);
        counts.set(status, (counts.get(status) ?? 0) + 1);
        expect(STATUSES).toContain(status);
        expect(text).not.toMatch(INSIDE);
        intact();
        if (location.includes("password_set") || text.includes("sessionsRevoked")) await freshLink();
      },
      plan(150, 100_000),
    );
    // It was not refused at the door each time.
    for (const status of [200, 303, 400, 415]) expect(counts.get(status)).toBeGreaterThan(0);
    expect(
      await answerTo({ method: "GET", path: "/password_reset", headers: {}, body: Buffer.of() }),
    ).toMatchObject({
      status: 200,
    });
  });
});
