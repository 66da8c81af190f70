import { Elysia } from "elysia";
import { completed, requested, verified } from "./answers.ts";
import { passwordReset } from "./password-reset.ts";
import { respond } from "./web.ts";

// Elysia does not read the body: its parser knows no limit, and its schemas would answer with what was typed.
const options = { parse: "none" } as const;

/** `app.use(passwordResetRoutes)` */
export const passwordResetRoutes = new Elysia({ prefix: "/password_reset" })
  .post(
    "/",
    ({ request, server }) =>
      respond(request, async ({ email }, locale) => {
        const ip = server?.requestIP(request)?.address;
        return requested(await passwordReset.requestReset({ email, ip, locale }));
      }),
    options,
  )
  .post(
    "/verify",
    ({ request }) => respond(request, async ({ token }) => verified(await passwordReset.verifyToken(token))),
    options,
  )
  .post(
    "/complete",
    ({ request }) =>
      respond(request, async ({ token, password }, locale) =>
        completed(await passwordReset.completeReset({ token, newPassword: password, locale })),
      ),
    options,
  );
