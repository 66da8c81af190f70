import { readOwnField } from "../lib/untrusted-input.ts";
import { factorKeys } from "../limiters/keys.ts";
import type { SecondFactorProof } from "../ports/contract.ts";
import { ACCOUNT_ATTEMPTS, LINK_ATTEMPTS, takeAttempt } from "./attempts.ts";
import type { CompletionResult, Core } from "./core.ts";
import { type ProvenLink, refusedToken, reportRefusal } from "./link.ts";
import type { Origin } from "./origin.ts";

/** Longest response, in characters: the JSON of a WebAuthn assertion has about 1,000. */
const MAX_RESPONSE = 8192;

/** A second factor that may be verified, or the result of a completion that ends without it. */
export type FactorCheck =
  | { name: "refused"; result: CompletionResult }
  | {
      name: "ready";
      /** Resolves with the result if the response is wrong. */
      verify(): Promise<CompletionResult | undefined>;
      /** Looks once more before the commit: the account may have got a factor while its password was hashed. */
      confirm(): Promise<CompletionResult | undefined>;
    };

/** Reads the second factor of a call as it arrived. An empty response, as of an empty field, is none. */
export function readProof(input: unknown): SecondFactorProof | undefined {
  const given = readOwnField(input, "secondFactor");
  const [method, response] = [readOwnField(given, "method"), readOwnField(given, "response")];
  if (typeof method !== "string" || typeof response !== "string" || response === "") return undefined;
  return { method, response };
}

/**
 * Prepares the second factor of a completion. The attempt is counted here, so that whatever comes between this and the
 * verification costs an attempt as well, but no one-time code.
 */
export async function prepareSecondFactor(
  core: Core,
  { account, claim }: ProvenLink,
  proof: SecondFactorProof | undefined,
  origin: Origin,
): Promise<FactorCheck> {
  const { secondFactor, emit } = core.config;
  const { id: userId } = account;
  const nothing = async () => undefined;
  if (!secondFactor) return { name: "ready", verify: nothing, confirm: nothing };
  const refuse = (reason: "required" | "rejected", secondFactors: readonly string[]): CompletionResult => {
    emit({ type: "second_factor_refused", userId, reason, ...origin });
    return { ok: false, reason: `second_factor_${reason}`, secondFactors };
  };
  const secondFactors = await secondFactor.methods(userId);
  if (secondFactors.length === 0) {
    const confirm = async () => {
      const added = await secondFactor.methods(userId);
      return added.length > 0 ? refuse("required", added) : undefined;
    };
    return { name: "ready", verify: nothing, confirm };
  }
  if (!proof) return { name: "refused", result: refuse("required", secondFactors) };
  if (!secondFactors.includes(proof.method) || proof.response.length > MAX_RESPONSE) {
    return { name: "refused", result: refuse("rejected", secondFactors) };
  }
  const keys = factorKeys(claim.id, userId);
  const isAllowed =
    (await takeAttempt(core, keys.link, LINK_ATTEMPTS, origin)) &&
    (await takeAttempt(core, keys.account, ACCOUNT_ATTEMPTS, origin));
  if (!isAllowed) {
    emit({ type: "second_factor_refused", userId, reason: "throttled", ...origin });
    reportRefusal(core, "too_many_attempts", origin, userId);
    return { name: "refused", result: refusedToken() };
  }
  return {
    name: "ready",
    verify: async () => ((await secondFactor.verify(userId, proof)) ? undefined : refuse("rejected", secondFactors)),
    confirm: nothing,
  };
}
