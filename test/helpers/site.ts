import { type PasswordReset, passwordLength } from "relatch";
import {
  type Pages,
  type PasswordResetRoutes,
  type PasswordResetRoutesOptions,
  passwordResetRoutes,
  type Visitor,
} from "relatch/http";
import { Client, inProcess } from "../system/http/client.ts";
import { type Harness, type HarnessOptions, harness } from "./harness.ts";
import { plainPages } from "./pages.ts";

export const ORIGIN = "https://app.example.com";

// biome-ignore lint/suspicious/noExplicitAny: the tests check the behavior, the tests of types check the types
type Any = any;

/** The options of a site: those of its harness, of its routes, and the facts about its visitors. */
export interface SiteOptions extends HarnessOptions {
  pages?: Pages | false;
  routes?: Partial<PasswordResetRoutesOptions<Any>>;
  visitor?: Partial<Visitor<Any>>;
  /** Changes the calls that the routes see. */
  change?: Partial<PasswordReset<Any>>;
}

/** A harness behind the routes, in this process. */
export interface Site extends Harness {
  routes: PasswordResetRoutes<Any>;
  /** Heard by `onError` of the routes. */
  faults: unknown[];
  /** A browser. */
  client: Client;
  newClient(): Client;
  /** Hands a request to the routes as it is. */
  handle(path: string, init?: RequestInit & { duplex?: "half" }): Promise<Response>;
}

export function site({
  pages = plainPages,
  routes: options,
  visitor,
  change,
  ...harnessOptions
}: SiteOptions = {}): Site {
  // The list of common passwords takes seconds to load, and other tests use it.
  const app = harness({ passwordRules: [passwordLength({ min: 8 })], ...harnessOptions });
  const faults: unknown[] = [];
  const routes = passwordResetRoutes<Any>({
    passwordReset: { ...app.passwordReset, ...change },
    pages,
    onError: (error) => faults.push(error),
    ...options,
  });
  const handle = (request: Request) => routes.handle(request, { ip: "192.0.2.1", ...visitor });
  const newClient = () => new Client(inProcess(ORIGIN, handle));
  return {
    ...app,
    routes,
    faults,
    client: newClient(),
    newClient,
    handle: (path, init) => handle(new Request(ORIGIN + path, init)),
  };
}
