import { startRacers, testDoubleClicks, testNaiveStores, testRaces } from "./races.ts";

startRacers();
testRaces("sqlite", {}, ["read committed"]);
testDoubleClicks("sqlite", {});
testNaiveStores("sqlite", {});
