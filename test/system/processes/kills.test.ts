import { testKills, testPlantedMistakes } from "./kills.ts";

testKills("sqlite", {});
testPlantedMistakes("sqlite", {});
