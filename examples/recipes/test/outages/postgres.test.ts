import { testOutages } from "./outages.ts";

testOutages("PostgreSQL");
