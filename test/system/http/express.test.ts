import { accountsContract } from "./contract/accounts.ts";
import { launcher } from "./contract/helpers.ts";
import { httpContract } from "./http-contract.ts";
import { nodeContract } from "./node-contract.ts";
import { startExpress } from "./start-express.ts";

httpContract("express", startExpress);
accountsContract("express", launcher(startExpress));
nodeContract("express", startExpress);
