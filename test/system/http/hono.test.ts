import { accountsContract } from "./contract/accounts.ts";
import { launcher } from "./contract/helpers.ts";
import { httpContract } from "./http-contract.ts";
import { nodeContract } from "./node-contract.ts";
import { startHono } from "./start-hono.ts";

httpContract("hono", startHono);
accountsContract("hono", launcher(startHono));
nodeContract("hono", startHono);
