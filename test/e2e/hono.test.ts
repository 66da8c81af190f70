import { Hono } from "hono";
import type { PasswordReset } from "relatch";
import { describe, expect, it } from "vitest";
import { passwordResetRoutes } from "../../examples/hono/adapter.ts";
import { nodeClientIp, nodeListener } from "../../examples/hono/node.ts";
import { adapterContract } from "./contract/adapter.ts";
import { clientOf, routesOptions } from "./contract/mount.ts";
import { httpContract } from "./http-contract.ts";
import { nodeContract } from "./node-contract.ts";
import { startHono } from "./start-hono.ts";

httpContract("hono", startHono);
nodeContract("hono", startHono);

function routesAlone(resetUrl: string, passwordReset: PasswordReset) {
  const { options, faults } = routesOptions(resetUrl, passwordReset);
  const routes = passwordResetRoutes({ ...options, clientIp: nodeClientIp });
  return { app: new Hono().route("/", routes), faults };
}

adapterContract("hono", async ({ resetUrl, passwordReset }) => {
  const { app, faults } = routesAlone(resetUrl, passwordReset);
  return { client: await clientOf(nodeListener(app)), faults };
});

describe("hono: without any server", () => {
  const post = (type: string, body: ReadableStream<Uint8Array>) => {
    const { app, faults } = routesAlone("https://app.test/account/reset/:token", {} as PasswordReset);
    const headers = { "Content-Type": type, "Content-Length": "5", "Sec-Fetch-Site": "same-origin" };
    const request = { method: "POST", headers, body, duplex: "half" } as const;
    return { answer: app.request("/account/reset", request), faults };
  };
  const types = ["application/json", "application/x-www-form-urlencoded"];

  it.each(types)(
    "reads no more of a body than it takes, whatever its length is said to be: %s",
    async (type) => {
      let chunks = 0;
      let cancelled = false;
      const endless = new ReadableStream<Uint8Array>({
        pull(controller) {
          chunks += 1;
          controller.enqueue(new Uint8Array(1024));
        },
        cancel() {
          cancelled = true;
        },
      });
      const { answer, faults } = post(type, endless);
      expect((await answer).status).toBe(413);
      expect(cancelled).toBe(true);
      expect(chunks).toBeLessThan(20);
      expect(faults).toEqual([]);
    },
  );

  it.each(types)("finds no fault with itself where a body breaks off: %s", async (type) => {
    const broken = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new Error("the connection was reset")),
    });
    const { answer, faults } = post(type, broken);
    expect((await answer).status).toBe(400);
    expect(faults).toEqual([]);
  });

  it.each(["secret detail", undefined])("answers also what is no Error: %j", async (thrown) => {
    const verifyToken = () => Promise.reject(thrown);
    const passwordReset = { verifyToken } as unknown as PasswordReset;
    const { app, faults } = routesAlone("https://app.test/account/reset/:token", passwordReset);
    const answer = await app.request("/account/reset/some-token");
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain("secret");
    expect(faults).toEqual([thrown]);
  });
});
