import type { PasswordViolation } from "../passwords/rules.ts";
import { PROBLEMS, type ProblemReason } from "./pages.ts";

/** Facts that only some refusals have. */
export interface ProblemFacts {
  readonly retryAfterSeconds?: number;
  readonly violations?: readonly PasswordViolation[];
  readonly secondFactors?: readonly string[];
  /** The methods that are allowed here, for the header `Allow`. */
  readonly allow?: string;
}

/** A request that is refused: with a page, or with problem details (RFC 9457) if the client speaks JSON. */
export class Problem extends Error {
  readonly reason: ProblemReason;
  readonly facts: ProblemFacts;

  constructor(reason: ProblemReason, facts: ProblemFacts = {}) {
    super(reason);
    this.reason = reason;
    this.facts = facts;
  }

  get status(): number {
    return PROBLEMS[this.reason][0];
  }

  get title(): string {
    return PROBLEMS[this.reason][1];
  }
}
