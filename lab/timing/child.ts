import { once } from "node:events";
import type { Mode } from "./scenario.ts";
import { SCENARIOS } from "./scenarios.ts";
import { type ServerOptions, serve } from "./server.ts";

// The processes of a measurement: `server`, which is told over its channel what to serve, and `scenario <name>
// <mode>`, which sends its rows there.

const [role, name, mode] = process.argv.slice(2);
// Not to outlive the one that measures.
process.on("disconnect", () => process.exit());

if (role === "server") {
  const [options] = (await once(process, "message")) as [ServerOptions];
  process.send?.(await serve(options));
} else {
  const scenario = SCENARIOS.find((each) => each.name === name);
  if (!scenario) throw new Error(`there is no scenario "${name}"`);
  process.send?.(await scenario.run(mode as Mode), () => process.exit());
}
