import { passwordResetRoutes } from "relatch/http";
import { defaultPages } from "relatch/pages";
import { passwordReset } from "../password-reset.ts";

// src/hooks.server.ts

const routes = passwordResetRoutes({ passwordReset, pages: defaultPages() });

/** The parts of SvelteKit's `Handle` that are used. In an application: `export const handle: Handle`, of `@sveltejs/kit`. */
interface Event {
  request: Request;
  url: URL;
  getClientAddress(): string;
}

type Resolve = (event: Event) => Response | Promise<Response>;

export const handle = ({ event, resolve }: { event: Event; resolve: Resolve }) =>
  routes.matches(event.url.pathname) ? routes.handle(event.request, { ip: event.getClientAddress() }) : resolve(event);
