/**
 * Contract suites for everything that an application implements: lists of named cases that run under any test runner.
 *
 *     for (const { name, run } of tokenStoreContract(create)) test(name, run);
 */
export type { ContractCase } from "./cases.ts";
export { type DispatcherContractOptions, dispatcherContract } from "./dispatcher.ts";
export { type LegacyTokensFixture, legacyTokensContract } from "./legacy-tokens.ts";
export { type MailerFixture, mailerContract, type ReceivedMail } from "./mailer.ts";
export { rateLimiterContract } from "./rate-limiter.ts";
export { type SecondFactorAnswer, type SecondFactorFixture, secondFactorContract } from "./second-factor.ts";
export { type SessionsContractOptions, type SessionsFixture, sessionsContract } from "./sessions.ts";
export { type TokenStoreContractOptions, tokenStoreContract } from "./token-store.ts";
export {
  type TestUser,
  type UserStoreContractOptions,
  type UserStoreFixture,
  userStoreContract,
} from "./user-store.ts";
