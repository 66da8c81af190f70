import type { FastifyInstance, FastifyReply } from "fastify";
import {
  type Answer,
  checkSender,
  completed,
  failed,
  fieldsOf,
  MAX_BODY_BYTES,
  requested,
  verified,
} from "./answers.ts";
import { passwordReset } from "./password-reset.ts";

/** `await app.register(passwordResetRoutes, { prefix: "/password_reset" })` */
export async function passwordResetRoutes(app: FastifyInstance): Promise<void> {
  // Before the body is read. Hooks and the error handler hold for these routes alone.
  app.addHook("onRequest", async (request) => checkSender((name) => request.headers[name]));
  app.setErrorHandler((error, request, reply) => {
    const report = (fault: unknown) => request.log.error(fault);
    return send(reply, failed(error, report));
  });

  // No body schema: Fastify's validator would make a string of what is none.
  const options = { bodyLimit: MAX_BODY_BYTES };

  app.post("/", options, async ({ body, headers, ip }, reply) => {
    const { email } = fieldsOf(body);
    const result = await passwordReset.requestReset({ email, ip, locale: headers["accept-language"] });
    return send(reply, requested(result));
  });

  app.post("/verify", options, async ({ body }, reply) => {
    const { token } = fieldsOf(body);
    return send(reply, await verified(await passwordReset.verifyToken(token)));
  });

  app.post("/complete", options, async ({ body, headers }, reply) => {
    const { token, password } = fieldsOf(body);
    const input = { token, newPassword: password, locale: headers["accept-language"] };
    return send(reply, completed(await passwordReset.completeReset(input)));
  });
}

const send = (reply: FastifyReply, { status, headers, body }: Answer) =>
  reply.code(status).headers(headers).send(body);
