/**
 * Contract suites for the ports: lists of named cases that run under any test runner.
 *
 *     for (const { name, run } of tokenStoreContract(create)) test(name, run);
 */
export type { ContractCase } from "./testing/cases.ts";
export { dispatcherContract } from "./testing/dispatcher.ts";
export { type MailerFixture, mailerContract } from "./testing/mailer.ts";
export { rateLimiterContract } from "./testing/rate-limiter.ts";
export { type TokenStoreContractOptions, tokenStoreContract } from "./testing/token-store.ts";
export { type UserStoreAccount, type UserStoreFixture, userStoreContract } from "./testing/user-store.ts";
