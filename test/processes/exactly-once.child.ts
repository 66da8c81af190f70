import { type PasswordReset, RelatchError, type ResetEvent } from "relatch";
import {
  type Application,
  naiveUserStores,
  openApplication,
  passwordResetOf,
  userStore,
  type World,
} from "./application.ts";

// A process that completes resets: told a token, it tries it with many passwords at the same time.

/** What the parent says before the tokens of a world. */
export interface Opening {
  world: World;
  /** One of the naive user stores, for the control. */
  naive: string | undefined;
  /** Completions at the same time. */
  concurrent: number;
}

/** What the parent says for every token. */
export interface Race {
  token: string;
  passwords: string[];
  /** Through one instance, as in an application, or through one instance each, so that nothing lines them up. */
  instances: "one" | "many";
}

/** The answer: what became of each password, and how many got as far as the commit and lost. */
export interface RaceResult {
  outcomes: Record<string, string>;
  lostAtCommit: number;
}

let application: Application | undefined;
let instances: PasswordReset[] = [];
let lostAtCommit = 0;

async function open({ world, naive, concurrent }: Opening): Promise<"ready"> {
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
      revokeSessions: "in_transaction",
      dispatcher: { dispatch: async () => {} },
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
      (error: unknown) => `threw ${error instanceof RelatchError ? error.cause : error}`,
    );
  });
  await Promise.all(attempts);
  return { outcomes, lostAtCommit };
}

process.on("message", async (message: Opening | Race) => {
  process.send!(await ("world" in message ? open(message) : race(message)));
});
