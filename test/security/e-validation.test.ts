import "./e-validation/junk.ts";
import "./e-validation/binding.ts";
import "./e-validation/comparison.ts";
import "./e-validation/workflow.ts";
import "./e-validation/requests.ts";
import { afterEach, vi } from "vitest";
import { flawsOf } from "./helpers/flaw.ts";

// A token is a string of one form, bound to one account, its address and its password. What is anything else opens
// nothing, and reaches no store.

// To see what costs a digest.
vi.mock("@oslojs/crypto/sha2", { spy: true });

afterEach(() => {
  vi.restoreAllMocks();
});

flawsOf("e-validation");
