import { spawn } from "node:child_process";
import { join } from "node:path";
import { root } from "./docs.ts";

/** Starts a TypeScript file in a process of Node.js and reads its output. */
export function startScript(file: string, cwd: string, env: NodeJS.ProcessEnv, args: readonly string[] = []) {
  const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), file, ...args], {
    cwd,
    env: { PATH: process.env["PATH"], TSX_TSCONFIG_PATH: join(root, "tsconfig.json"), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const streams = [child.stdout, child.stderr];
  for (const stream of streams) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const exit = new Promise<number | null>((resolve) => child.once("close", resolve));
  return {
    exit,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    output: () => output,
    /** Resolves once the output so far matches. */
    prints: (pattern: RegExp) =>
      new Promise<RegExpExecArray>((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(output);
          if (match) resolve(match);
        };
        for (const stream of streams) stream.on("data", look);
        look();
        void exit.then((code) => reject(new Error(`The script exited with ${code}:\n${output}`)));
      }),
  };
}
