import type {
  JobMemory,
  Model,
  ModelAccount,
  ModelJob,
  ModelProcess,
  ModelToken,
  Secret,
  Snapshot,
} from "./state.ts";

// What the operations of the model ask of its state, and do to it.

/** A token as somebody presents it: one of a mail, or junk of the right or the wrong shape. */
export type Presented = ModelToken | "unknown" | "malformed";

export const copyOf = (account: ModelAccount | undefined): Snapshot | undefined => account && { ...account };

export const isStored = (model: Model, token: Presented) =>
  [...model.live.values()].some((each) => each === token);

export const isBoundTo = (bound: Snapshot, account: Snapshot) =>
  bound.email === account.email && bound.secret === account.secret && bound.tenant === account.tenant;

export function endSessions(model: Model, userId: string, current: Secret): void {
  const kept = model.sessions.filter((session) => session.userId !== userId || session.secret === current);
  model.sessions.splice(0, model.sessions.length, ...kept);
  for (const each of model.commits) {
    if (each.secret === current) each.ended = true;
  }
}

export const know = (process: ModelProcess, job: ModelJob, more: JobMemory): void =>
  void process.jobs.set(job, { ...process.jobs.get(job), ...more });

/** As far as the addresses of this test go. */
export const canonical = (email: string): string | undefined =>
  email.includes('"') ? undefined : email.trim().toLowerCase();
