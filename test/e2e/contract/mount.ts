import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { PasswordReset } from "relatch";
import { onTestFinished } from "vitest";
import { createViews } from "../../../examples/shared/views.ts";
import { Client } from "../client.ts";

/** What the routes of either adapter take, of an application that knows nobody; and the errors they reported. */
export function routesOptions(resetUrl: string, passwordReset: PasswordReset) {
  const paths = { homePath: "/", loginPath: "/login", logoutPath: "/logout", resetPath: "/account/reset" };
  const faults: unknown[] = [];
  const options = {
    passwordReset,
    resetUrl,
    views: createViews({ ...paths, appName: "Acme", passwordMinLength: 8, inboxPath: undefined }),
    emailOf: async () => undefined,
    isSignedIn: () => false,
    homePath: "/",
    loginPath: "/login",
    onError: (error: unknown) => void faults.push(error),
  };
  return { options, faults };
}

/** A browser at a server that lives as long as the test. */
export async function clientOf(listener: RequestListener): Promise<Client> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close().closeAllConnections());
  return new Client((server.address() as AddressInfo).port);
}
