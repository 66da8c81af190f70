import { passwordResetRoutes } from "relatch/http";
import { defaultPages } from "relatch/pages";
import { passwordReset } from "../password-reset.ts";

// app/password_reset/[[...path]]/route.ts: the pages and the JSON API

const routes = passwordResetRoutes({ passwordReset, pages: defaultPages() });

// Next.js does not know the client's address. Your proxy must set this header, and overwrite it if a client has sent one.
// Without it, all clients count as one.
const handle = (request: Request) => routes.handle(request, { ip: request.headers.get("x-real-ip") });

export { handle as GET, handle as HEAD, handle as OPTIONS, handle as POST };
