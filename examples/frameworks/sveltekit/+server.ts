import { completed, Refusal, requested, verified } from "../answers.ts";
import { passwordReset } from "../password-reset.ts";
import { respond } from "../web.ts";

// src/routes/api/password_reset/[[step]]/+server.ts

/** What is used of SvelteKit's RequestEvent. In an application: `export const POST: RequestHandler`, of `./$types`. */
interface Event {
  request: Request;
  params: { step?: string | undefined };
  getClientAddress(): string;
}

export const POST = ({ request, params, getClientAddress }: Event): Promise<Response> =>
  respond(request, async ({ email, token, password }, locale) => {
    switch (params.step) {
      case undefined:
        return requested(await passwordReset.requestReset({ email, ip: getClientAddress(), locale }));
      case "verify":
        return verified(await passwordReset.verifyToken(token));
      case "complete":
        return completed(await passwordReset.completeReset({ token, newPassword: password, locale }));
      default:
        throw new Refusal("not_found");
    }
  });
