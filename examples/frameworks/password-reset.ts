import { createPasswordReset } from "relatch";
import { memoryPorts } from "relatch/memory";

// The application's own part, set up once. Here everything is in memory; the README shows a real one.

export const ports = memoryPorts([
  { id: "42", email: "mike@example.org", passwordHash: "old-hash", name: "Mike" },
]);
export const sessions = new Set(["42"]);

// The page of the application that takes the link and posts the new password.
const resetUrl = "https://app.example.com/password_reset/:token";

export const passwordReset = createPasswordReset({
  ...ports,
  appName: "Acme",
  resetUrl,
  revokeSessions: async (userId) => sessions.delete(userId),
});

/** Whose pages may post to the routes. */
export const { origin } = new URL(resetUrl);

/** For the page, to show whose password is being set. */
export const emailOf = async (userId: string): Promise<string | undefined> =>
  (await ports.users.findById(userId))?.email;
