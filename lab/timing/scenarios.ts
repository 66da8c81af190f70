import { wrongCodes } from "./code-scenario.ts";
import { comparisons } from "./digest-scenario.ts";
import { OVER_HTTP } from "./http-scenarios.ts";
import { IN_PROCESS } from "./in-process-scenarios.ts";
import { LINK_SCENARIOS } from "./link-scenarios.ts";
import { ownMail } from "./own-mail-scenario.ts";
import { ROUTE_SCENARIOS } from "./route-scenarios.ts";
import type { Scenario } from "./scenario.ts";

/** In the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [
  comparisons,
  ...IN_PROCESS,
  wrongCodes,
  ...LINK_SCENARIOS,
  ...ROUTE_SCENARIOS,
  ownMail,
  ...OVER_HTTP,
];
