import type { JobState, Model, ModelAccount, ModelJob, ModelProcess, ModelToken, Secret, Snapshot } from "./state.ts";

// Reads and changes of the model's state by its operations.

/** A presented token: either taken from an email, or junk of the right or the wrong shape. */
export type Presented = ModelToken | "unknown" | "malformed";

export const copyOf = (account: ModelAccount | undefined): Snapshot | undefined => account && { ...account };

export const isStored = (model: Model, token: Presented) => [...model.live].some((each) => each === token);

export function deleteTokens({ live }: Model, userId: string): void {
  for (const token of live) if (token.bound.id === userId) live.delete(token);
}

/** Links for a first password have to be deleted, which signed ones cannot be. */
export const mayHaveLink = ({ signed }: Model, { allowed, secret }: Snapshot) =>
  allowed && !(signed && secret === null);

export const isBoundTo = (bound: Snapshot, account: Snapshot) =>
  bound.email === account.email && bound.secret === account.secret && bound.tenant === account.tenant;

/** Ends all sessions but those of this password: `null` if there is none, `undefined` if there is no account. */
export function endSessions(model: Model, userId: string, current: Secret | null | undefined): void {
  const kept = model.sessions.filter((session) => session.userId !== userId || session.secret === current);
  model.sessions.splice(0, model.sessions.length, ...kept);
  for (const each of model.commits) if (each.secret === current) each.ended = true;
}

export const stateOf = (process: ModelProcess, job: ModelJob): JobState => process.jobs.get(job) ?? { name: "unknown" };

/** As far as the addresses of this test go. */
export const canonical = (email: string): string | undefined =>
  email.includes('"') ? undefined : email.trim().toLowerCase();
