import type { Application } from "express";
import { passwordResetRoutes } from "relatch/http";
import { nodeMiddleware } from "relatch/node";
import { defaultPages } from "relatch/pages";
import { passwordReset } from "../password-reset.ts";

/** The routes of the package with two templates of the application. The other pages are the default ones. */
export function addPasswordReset(app: Application): void {
  const render = (name: string, data: object) =>
    new Promise<string>((resolve, reject) =>
      app.render(name, data, (error, html) => (error ? reject(error) : resolve(html))),
    );
  const pages = defaultPages();
  const routes = passwordResetRoutes({
    passwordReset,
    pages: {
      ...pages,
      request: ({ error, notice, email }) => render("request", { error: error ?? notice, email }),
      sent: () => render("sent", {}),
    },
  });
  app.use(nodeMiddleware(routes));
}
