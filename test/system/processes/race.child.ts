import type { PasswordReset, ResetEvent } from "relatch";
import {
  type Application,
  naiveUserStores,
  openApplication,
  passwordResetOf,
  userStore,
  type World,
} from "./application.ts";

// A process that completes resets. It uses each token with many passwords at the same time.

/** The first message of the parent for a world. */
export interface Opening {
  world: World;
  /** The name of a naive user store, for the control. */
  naive: string | undefined;
  /** Completions at the same time. */
  concurrent: number;
  /** Follow-up jobs go into the queue. Otherwise they are left out, so that more callers meet at the commit. */
  isQueued: boolean;
}

/** A message of the parent, one for every token. */
export interface Race {
  token: string;
  passwords: string[];
  /** All callers share one instance, as in an application, or have one each, so that nothing aligns them. */
  instances: "one" | "many";
}

/** The outcome for each password, and how many callers reached the commit and lost there. */
export interface RaceResult {
  outcomes: Record<string, string>;
  lostAtCommit: number;
}

let application: Application | undefined;
let instances: PasswordReset[] = [];
let lostAtCommit = 0;

async function open({ world, naive, concurrent, isQueued }: Opening): Promise<"ready"> {
  await application?.close();
  const opened = await openApplication(world, { connections: 8 });
  application = opened;
  if (naive !== undefined) opened.users = (naiveUserStores[naive] ?? userStore)(opened.db);
  const onEvent = (event: ResetEvent) => {
    if (event.type === "token_refused" && event.reason === "lost_race") lostAtCommit += 1;
  };
  instances = Array.from({ length: concurrent }, () =>
    passwordResetOf(opened, world.name, {
      onEvent,
      ...(!isQueued && { revokeSessions: "in_transaction", dispatcher: { dispatch: async () => {} } }),
    }),
  );
  return "ready";
}

async function race({ token, passwords, instances: how }: Race): Promise<RaceResult> {
  const outcomes: Record<string, string> = {};
  lostAtCommit = 0;
  const attempts = passwords.map(async (newPassword, index) => {
    const { completeReset } = instances[how === "one" ? 0 : index]!;
    outcomes[newPassword] = await completeReset({ token, newPassword }).then(
      (result) => (result.ok ? "won" : result.reason),
      (error: unknown) => `threw ${error}`,
    );
  });
  await Promise.all(attempts);
  return { outcomes, lostAtCommit };
}

process.on("message", async (message: Opening | Race) => {
  process.send!(await ("world" in message ? open(message) : race(message)));
});
