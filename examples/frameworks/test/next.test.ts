import { expect, test } from "vitest";
import { frameworkSuite } from "./suite.ts";

const BASE = "/api/password_reset";

async function open() {
  const { POST } = await import("../next/route.ts");
  const send = (request: Request) => {
    const step = new URL(request.url).pathname.slice(BASE.length).split("/").filter(Boolean);
    return POST(request, { params: Promise.resolve(step.length > 0 ? { step } : {}) });
  };
  return { send };
}

frameworkSuite("Next.js", BASE, async () => {
  const { send } = await open();
  return {
    send(request, ip) {
      request.headers.set("x-real-ip", ip); // as the proxy does
      return send(request);
    },
  };
});

test("clients without the proxy's header are limited, too, all as one", async () => {
  const { send } = await open();
  const headers = { "content-type": "application/json" };
  const ask = async (n: number) => {
    const body = JSON.stringify({ email: `nobody${n}@example.org` });
    return (await send(new Request(`https://app.example.com${BASE}`, { method: "POST", headers, body })))
      .status;
  };
  for (let n = 1; n <= 30; n++) expect(await ask(n)).toBe(200);
  expect(await ask(31)).toBe(429);
});
