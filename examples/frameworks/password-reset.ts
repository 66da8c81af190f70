import { createPasswordReset } from "relatch";
import { memoryPorts } from "relatch/memory";

// The application's own part, set up once. Here everything is in memory. The README shows a real one.

export const ports = memoryPorts([{ id: "42", email: "mike@example.org", passwordHash: "old-hash", name: "Mike" }]);
export const sessions = new Set(["42"]);

export const passwordReset = createPasswordReset({
  ...ports,
  appName: "Acme",
  from: "Acme <noreply@example.com>",
  resetUrl: "https://app.example.com/password_reset/:token",
  revokeSessions: async (userId) => sessions.delete(userId), // a real one keeps the sessions stamped `except`
});
