import { randomBytes } from "node:crypto";
import type { LambdaContext, LambdaEvent } from "hono/aws-lambda";
import { expect, test, vi } from "vitest";
import { frameworkSuite } from "./suite.ts";

type Result = { statusCode: number; headers: Record<string, string>; cookies?: string[]; body: string };

/** Writes a request as a function URL and API Gateway do, in payload format 2.0. */
async function writeEvent(request: Request, sourceIp: string): Promise<LambdaEvent> {
  const { pathname, search } = new URL(request.url);
  const { cookie, ...headers } = Object.fromEntries(request.headers);
  const body = Buffer.from(await request.arrayBuffer());
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath: pathname,
    rawQueryString: search.slice(1),
    headers: { host: "app.example.com", ...headers },
    ...(cookie !== undefined && { cookies: cookie.split("; ") }),
    ...(body.length > 0 && { body: body.toString("base64"), isBase64Encoded: true }),
    requestContext: {
      domainName: "app.example.com",
      http: { method: request.method, path: pathname, protocol: "HTTP/1.1", sourceIp, userAgent: "" },
    },
  } as unknown as LambdaEvent;
}

async function open() {
  vi.stubEnv("RESET_KEY", randomBytes(32).toString("base64"));
  const { http, jobs } = await import("../lambda.ts");
  const { messages } = await import("../lambda-queue.ts");
  const runJobs = async () => {
    const Records = messages.splice(0).map((body, index) => ({ messageId: `${index}`, body }));
    return jobs({ Records });
  };
  return {
    runJobs,
    messages,
    drain: runJobs,
    async send(request: Request, ip: string): Promise<Response> {
      const result = (await http(await writeEvent(request, ip), {} as LambdaContext)) as unknown as Result;
      const headers = new Headers(result.headers);
      for (const cookie of result.cookies ?? []) headers.append("Set-Cookie", cookie);
      return new Response(result.statusCode === 303 ? null : result.body, { status: result.statusCode, headers });
    },
  };
}

frameworkSuite("AWS Lambda", open, { hasOther: false });

test("a job that nobody signed is dropped, and one that may succeed later stays in the queue", async () => {
  vi.resetModules();
  const { send, runJobs, messages } = await open();
  const body = JSON.stringify({ email: "mike@example.org" });
  const headers = { "Content-Type": "application/json" };
  await send(new Request("https://app.example.com/password_reset", { method: "POST", headers, body }), "192.0.2.1");
  const [job = ""] = messages;
  messages.push(job.replace("mike@example.org", "jane@example.org"));
  const { ports } = await import("../password-reset.ts");
  const find = vi.spyOn(ports.users, "findByEmail").mockRejectedValue(new Error("the database is down"));
  vi.spyOn(console, "error").mockReturnValue();
  expect(await runJobs()).toEqual({ batchItemFailures: [{ itemIdentifier: "0" }] });
  find.mockRestore();
  messages.push(job);
  expect(await runJobs()).toEqual({ batchItemFailures: [] });
  expect(ports.mailer.sent.map(({ to }) => to)).toEqual(["mike@example.org"]);
});
