import { background, createPasswordReset } from "relatch";
import { memoryPorts } from "relatch/memory";
import { type D1, sqliteTokens } from "relatch/sqlite";

// A whole reset in a Worker that has the web's standards and nothing of Node's: no `nodejs_compat`.

interface Context {
  waitUntil(work: Promise<unknown>): void;
}

export default {
  async fetch(_: Request, { DB }: { DB: D1 }, context: Context): Promise<Response> {
    const ports = memoryPorts([{ id: "42", email: "mike@example.org", passwordHash: "old" }]);
    const tokens = sqliteTokens(DB);
    await tokens.createTable();
    const passwordReset = createPasswordReset({
      ...ports,
      tokens,
      appName: "Acme",
      resetUrl: "https://app.example.com/password_reset/:token",
      revokeSessions: async () => {},
      dispatcher: background({ waitUntil: (work) => context.waitUntil(work) }),
    });
    await passwordReset.requestReset({ email: "mike@example.org", ip: "192.0.2.1" });
    await passwordReset.drain();
    const token = ports.mailer.lastLink("mike@example.org")?.split("/").at(-1);
    const newPassword = "correct horse battery";
    const [first, second] = [
      await passwordReset.completeReset({ token, newPassword }),
      await passwordReset.completeReset({ token, newPassword: `${newPassword} again` }),
    ];
    return Response.json([typeof process, first.ok, second.ok]);
  },
};
