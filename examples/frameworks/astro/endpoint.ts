import { completed, Refusal, requested, verified } from "../answers.ts";
import { passwordReset } from "../password-reset.ts";
import { respond } from "../web.ts";

// src/pages/api/password_reset/[...step].ts

export const prerender = false;

/** What is used of Astro's APIContext. In an application: `export const POST: APIRoute`, of `astro`. */
interface Context {
  request: Request;
  params: { step?: string | undefined };
  readonly clientAddress: string;
}

export const POST = (context: Context): Promise<Response> =>
  respond(context.request, async ({ email, token, password }, locale) => {
    switch (context.params.step) {
      case undefined:
        return requested(await passwordReset.requestReset({ email, ip: context.clientAddress, locale }));
      case "verify":
        return verified(await passwordReset.verifyToken(token));
      case "complete":
        return completed(await passwordReset.completeReset({ token, newPassword: password, locale }));
      default:
        throw new Refusal("not_found");
    }
  });
