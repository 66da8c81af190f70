import { testOutages } from "./outages.ts";

testOutages("the mail server");
