import { testLonelyProcesses, testOutages } from "./outages.ts";

testOutages("Redis");
testLonelyProcesses();
