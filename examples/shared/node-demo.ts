import { createServer, type RequestListener } from "node:http";
import type { PasswordReset } from "relatch";
import { giveUp, type prepareDemo } from "./demo.ts";

interface NodeDemo {
  /** The command that starts the demo, for the advice if its port is taken. */
  command: string;
  listener: RequestListener;
  passwordReset: PasswordReset;
}

/** Runs a demo on a server of `node:http`. */
export function serveDemo(
  { port, hostname, welcome, endWith }: Awaited<ReturnType<typeof prepareDemo>>,
  { command, listener, passwordReset }: NodeDemo,
): void {
  const server = createServer(listener).listen(port, hostname, welcome);
  server.on("error", (error: NodeJS.ErrnoException) => {
    const taken = error.code === "EADDRINUSE";
    giveUp(taken ? `Port ${port} is taken. Try: PORT=${port + 1} ${command}` : error.message);
  });
  endWith(() => {
    server.close();
    server.closeIdleConnections();
  }, passwordReset);
}
