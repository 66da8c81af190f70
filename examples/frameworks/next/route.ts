import { completed, Refusal, requested, verified } from "../answers.ts";
import { passwordReset } from "../password-reset.ts";
import { respond } from "../web.ts";

// app/api/password_reset/[[...step]]/route.ts

// Next knows no client's address. This header has to be one that your proxy sets, whatever came in under its name.
// Missing it is undefined, all clients counted as one: null would switch the limit off.
const clientAddress = (request: Request) => request.headers.get("x-real-ip") ?? undefined;

interface Context {
  params: Promise<{ step?: string[] }>;
}

export async function POST(request: Request, { params }: Context): Promise<Response> {
  const { step = [] } = await params;
  return respond(request, async ({ email, token, password }, locale) => {
    switch (step.join("/")) {
      case "": {
        const ip = clientAddress(request);
        return requested(await passwordReset.requestReset({ email, ip, locale }));
      }
      case "verify":
        return verified(await passwordReset.verifyToken(token));
      case "complete":
        return completed(await passwordReset.completeReset({ token, newPassword: password, locale }));
      default:
        throw new Refusal("not_found");
    }
  });
}
