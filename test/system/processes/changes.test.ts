import { testChangeControls, testChanges } from "./changes.ts";

testChanges("sqlite", {});
testChangeControls("sqlite", {});
