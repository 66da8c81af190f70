/**
 * Contract suites for the ports: lists of named cases that run under any test runner.
 *
 *     for (const { name, run } of tokenStoreContract(create)) test(name, run);
 */
export type { ContractCase } from "./testing/cases.ts";
export { type DispatcherContractOptions, dispatcherContract } from "./testing/dispatcher.ts";
export { type MailerFixture, mailerContract, type ReceivedMail } from "./testing/mailer.ts";
export { type RateLimiterContractOptions, rateLimiterContract } from "./testing/rate-limiter.ts";
export { type TokenStoreContractOptions, tokenStoreContract } from "./testing/token-store.ts";
export {
  type UserStoreAccount,
  type UserStoreContractOptions,
  type UserStoreFixture,
  userStoreContract,
} from "./testing/user-store.ts";
