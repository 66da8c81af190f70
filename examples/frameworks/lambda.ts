import { Hono } from "hono";
import { handle, type LambdaEvent } from "hono/aws-lambda";
import { createPasswordReset, type Job, queueDispatcher } from "relatch";
import { passwordResetRoutes } from "relatch/http";
import { defaultPages } from "relatch/pages";
import { sendToQueue } from "./lambda-queue.ts";
import { ports, sessions } from "./password-reset.ts";

// Behind a function URL or API Gateway (payload format 2.0).

const passwordReset = createPasswordReset({
  ...ports,
  appName: "Acme",
  from: "Acme <noreply@example.com>",
  resetUrl: "https://app.example.com/password_reset/:token",
  revokeSessions: async (userId) => sessions.delete(userId),
  keys: [Buffer.from(`${process.env["RESET_KEY"]}`, "base64")],
  // A function is frozen when it has responded, so another function sends the emails.
  dispatcher: queueDispatcher((job) => sendToQueue(JSON.stringify(job))),
});

const routes = passwordResetRoutes({ passwordReset, pages: defaultPages() });

type Event = LambdaEvent & { requestContext: { http: { sourceIp: string } } };
const app = new Hono<{ Bindings: { event: Event } }>();
app.all("*", (c) => routes.handle(c.req.raw, { ip: c.env.event.requestContext.http.sourceIp }));

/** The function behind the URL. */
export const http = handle(app);

/**
 * The function behind the queue. SQS: batch size 1, `ReportBatchItemFailures`, a visibility timeout of 2 minutes,
 * `maxReceiveCount` 12, and a dead-letter queue.
 */
export async function jobs({ Records }: { Records: { messageId: string; body: string }[] }) {
  const results = await Promise.allSettled(Records.map(({ body }) => passwordReset.deliver(JSON.parse(body) as Job)));
  const failed = Records.filter((_, index) => results[index]?.status === "rejected");
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}
