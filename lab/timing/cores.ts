import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";

/** Processes that run at the same time, each on its own core if there are two. */
export type Role = "server" | "client";

const CORES: Record<Role, string> = { server: "0", client: "1" };

export const isPinned: boolean =
  availableParallelism() > 1 && spawnSync("taskset", ["-c", CORES.client, "true"]).status === 0;

/** The command that runs this one on its core, or this one as it is where that cannot be told. */
export const onCore = (role: Role, command: readonly string[]): readonly string[] =>
  isPinned ? ["taskset", "-c", CORES[role], ...command] : command;
