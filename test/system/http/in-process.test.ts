import { httpContract } from "./http-contract.ts";
import { startInProcess } from "./in-process.ts";

httpContract("in process", startInProcess(), { isInProcess: true });
