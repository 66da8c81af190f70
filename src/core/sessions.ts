import { callPort, type Port } from "../ports/calls.ts";
import type { Config } from "./options.ts";

/** Ends all sessions of a user except those stamped `except`, if that is the job of a function. */
export async function revokeSessions({ revokeSessions, calls }: Config, userId: string, except: string): Promise<void> {
  if (typeof revokeSessions !== "function") return;
  const port: Port = { code: "ERR_SESSIONS", name: "revokeSessions", input: [userId, except] };
  await callPort(calls, port, () => revokeSessions(userId, { except }));
}
