import type { IncomingMessage } from "node:http";
import type { Request as ExpressRequest } from "express";
import type { PasswordReset } from "relatch";
import { type Pages, type PasswordResetRoutes, passwordResetRoutes, type Visitor } from "relatch/http";
import { type NodeMiddleware, type NodeRequest, nodeMiddleware } from "relatch/node";
import { expectTypeOf, test } from "vitest";

declare const passwordReset: PasswordReset;
declare const ofTenants: PasswordReset<{ tenant: "acme" | "globex" }>;
declare const ofAnyTenant: PasswordReset<{ tenant: string }>;
declare const pages: Pages;

test("the routes know the tenants of their password reset", () => {
  const routes = passwordResetRoutes({ passwordReset, pages });
  expectTypeOf(routes).toEqualTypeOf<PasswordResetRoutes>();
  void routes.handle(new Request("https://app.example.com/"), { ip: undefined });
  void routes.handle(new Request("https://app.example.com/"), { ip: false, isSignedIn: true, correlationId: null });
  // @ts-expect-error: the address of the client is required, even if it is not known
  void routes.handle(new Request("https://app.example.com/"), {});
  // @ts-expect-error: there are no tenants
  void routes.handle(new Request("https://app.example.com/"), { ip: null, tenant: "acme" });

  const shared = passwordResetRoutes({ passwordReset: ofTenants, pages: false });
  void shared.handle(new Request("https://app.example.com/"), { ip: null, tenant: "acme" });
  // @ts-expect-error: the tenant is required
  void shared.handle(new Request("https://app.example.com/"), { ip: null });
  // @ts-expect-error: this tenant is not declared
  void shared.handle(new Request("https://app.example.com/"), { ip: null, tenant: "evil" });
  expectTypeOf<Visitor<{ tenant: "acme" | "globex" }>["tenant"]>().toEqualTypeOf<"acme" | "globex">();
});

test("nodeMiddleware needs visitorOf with tenants, and takes the requests of any framework", () => {
  const routes = passwordResetRoutes({ passwordReset, pages });
  expectTypeOf(nodeMiddleware(routes)).toEqualTypeOf<NodeMiddleware<NodeRequest>>();
  nodeMiddleware(routes, (req) => ({ ip: req.ip ?? req.socket.remoteAddress }));
  nodeMiddleware(routes, async (req: ExpressRequest) => ({ ip: req.ip, isSignedIn: req.get("x") === "y" }));
  nodeMiddleware(routes, (req: IncomingMessage & { session?: { userId?: string } }) => ({
    ip: req.socket.remoteAddress,
    isSignedIn: req.session?.userId !== undefined,
  }));
  // @ts-expect-error: the address of the client is required
  nodeMiddleware(routes, () => ({}));

  const shared = passwordResetRoutes({ passwordReset: ofAnyTenant, pages, basePath: "/reset" });
  nodeMiddleware(shared, (req) => ({ ip: req.ip, tenant: String(req.headers.host) }));
  // @ts-expect-error: only visitorOf can know the tenant
  nodeMiddleware(shared);
});

test("the pages can ask for a code only if the password reset has codes", () => {
  const withCodes = {} as PasswordReset<{ codes: true }>;
  const withTenants = {} as PasswordReset<{ tenant: "acme"; codes: true; secondFactor: "totp" }>;
  expectTypeOf(passwordResetRoutes({ passwordReset: withCodes, pages, method: "code" })).toEqualTypeOf<
    PasswordResetRoutes<{ codes: true }>
  >();
  passwordResetRoutes({ passwordReset: withTenants, pages, method: "code" });
  passwordResetRoutes({ passwordReset: withCodes, pages, method: "link" });
  passwordResetRoutes({ passwordReset, pages, method: "link" });
  // @ts-expect-error: there are no codes
  passwordResetRoutes({ passwordReset, pages, method: "code" });
  // @ts-expect-error: there is no such method
  passwordResetRoutes({ passwordReset: withCodes, pages, method: "sms" });
});
