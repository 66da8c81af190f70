import { randomUUID } from "node:crypto";
import { createPasswordReset, type ResetUser, sessionStamp } from "relatch";
import { type Pages, passwordResetRoutes } from "relatch/http";
import { en, ru } from "relatch/languages";
import { memoryHasher, memoryMailer, memoryTokens, memoryUsers } from "relatch/memory";
import { KEYS } from "../../helpers/harness.ts";
import { plainPages } from "../../helpers/pages.ts";
import { Client, inProcess } from "./client.ts";
import type { RunningApp, StartApp } from "./http-contract.ts";

const PEOPLE = [
  { name: "Mike", email: "mike@example.org", password: "an-old-boat-in-the-rain" },
  { name: "Jane", email: "jane@example.org", password: "seven-geese-over-ink" },
] as const;

/** Returns the smallest application around the routes, in this process: people sign in, are greeted, and sign out. */
export const startInProcess =
  (pages: Pages = plainPages): StartApp =>
  async ({ origin = "https://app.test", revealUnknown = false, limits, codes = false, secondFactor } = {}) => {
    const users = memoryUsers();
    const hasher = memoryHasher();
    const mailer = memoryMailer();
    for (const [id, { password, ...person }] of PEOPLE.entries()) {
      users.set({ id: `${id}`, ...person, passwordHash: await hasher.hash(password) });
    }
    const sessions = new Map<string, { userId: string; stamp: string }>();
    const passwordReset = createPasswordReset({
      users,
      hasher,
      mailer,
      tokens: memoryTokens(),
      appName: "Acme",
      resetUrl: `${origin}/password_reset/:token`,
      async revokeSessions(userId, { except }) {
        for (const [id, session] of sessions) {
          if (session.userId === userId && session.stamp !== except) sessions.delete(id);
        }
      },
      languages: [en, ru],
      limits: limits ?? { client: false },
      keys: codes ? KEYS : undefined,
      codes,
      secondFactor,
    });
    const hasAccount = async (email: string) => (await users.findByEmail(email, undefined)) !== undefined;
    const routes = passwordResetRoutes({
      passwordReset,
      pages,
      method: codes ? "code" : "link",
      signOutPath: "/logout",
      ...(revealUnknown && { revealUnknownAccounts: hasAccount }),
    });

    const secure = origin.startsWith("https:") ? "; Secure" : "";
    const go = (location: string, cookie?: string) =>
      new Response(null, { status: 303, headers: { Location: location, ...(cookie && { "Set-Cookie": cookie }) } });
    const readSession = (request: Request) => /(?:^|; )session=([\w-]+)/.exec(request.headers.get("Cookie") ?? "")?.[1];

    async function signIn(request: Request): Promise<Response> {
      const form = new URLSearchParams(await request.text());
      const user = await users.findByEmail(form.get("email") ?? "", undefined);
      const isRight = await hasher.verify(user?.passwordHash ?? "", form.get("password") ?? "");
      if (!user || !isRight) return new Response("wrong", { status: 400 });
      const id = randomUUID();
      sessions.set(id, { userId: user.id, stamp: sessionStamp(user) });
      return go("/", `session=${id}; Path=/; HttpOnly; SameSite=Lax${secure}`);
    }

    async function handle(request: Request): Promise<Response> {
      const { pathname } = new URL(request.url);
      const session = sessions.get(readSession(request) ?? "");
      if (routes.matches(pathname))
        return routes.handle(request, { ip: "192.0.2.1", isSignedIn: session !== undefined });
      if (pathname === "/login") return request.method === "POST" ? signIn(request) : new Response("sign in");
      if (pathname === "/logout") {
        sessions.delete(readSession(request) ?? "");
        return go("/login");
      }
      const user: ResetUser | undefined = session && users.get(session.userId);
      return user ? new Response(`Hello ${user.email}`) : go("/login");
    }

    const [mike, jane] = PEOPLE;
    const app: RunningApp = {
      origin,
      port: 0,
      accounts: [mike, jane],
      client: () => new Client(inProcess(origin, handle)),
      async mails() {
        await passwordReset.drain();
        return mailer.sent.toReversed();
      },
      close: async () => void (await passwordReset.drain()),
    };
    return app;
  };
