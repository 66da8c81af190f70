// Names that the examples in docstrings take for granted: parts of an application and of its packages. The tests compile
// the examples against these declarations, and never run them.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { PasswordReset, PasswordResetOptions, RateLimiter, ResetUser } from "relatch";
import type { PasswordResetClient } from "relatch/client";
import type { PasswordResetRoutes } from "relatch/http";
import type { MemoryHasher, MemoryMailer, MemoryUsers } from "relatch/memory";
import type { NodemailerTransport } from "relatch/nodemailer";
import type {
  LegacyTokensFixture,
  MailerFixture,
  SecondFactorFixture,
  SessionsFixture,
  UserStoreContractOptions,
  UserStoreFixture,
} from "relatch/testing";

export { writeFile } from "node:fs/promises";
export { default as Database } from "libsql";
export { default as mysql } from "mysql2/promise";
export { default as nodemailer } from "nodemailer";
export { Argon2id } from "oslo/password";
export { Pool } from "pg";
export { RateLimiterRedis } from "rate-limiter-flexible";
export { test } from "vitest";

// The application.
export declare const options: PasswordResetOptions;
export declare const passwordReset: PasswordReset<{ codes: true }>;
export declare const routes: PasswordResetRoutes;
export declare const users: MemoryUsers;
export declare const user: ResetUser;
export declare const mailer: MemoryMailer;
export declare const hasher: MemoryHasher;
export declare const session: { userId: string; stamp: string };
export declare const sessions: { deleteAll(userId: string, options: { except: string }): Promise<void> };
export declare const limiter: RateLimiter;
export declare const key: Uint8Array;
export declare const token: string;
export declare const newPassword: string;
export declare const ticket: string;
export declare const email: string;
export declare const ip: string;

// Its server and its pages.
export declare const app: {
  use(
    middleware: (
      req: IncomingMessage & { ip: string; session: { userId?: string } },
      res: ServerResponse,
      next: (error?: unknown) => void,
    ) => unknown,
  ): void;
};
export declare const request: Request & { ip: string; headers: { "accept-language"?: string } };
export declare const form: { email: string; password: string; code: string };
export declare const cookies: { ticket: string };
export declare function next(): Promise<Response>;
export declare function respond(status: number, detail?: unknown): Response;
export declare function renderExpired(): Response;
export declare function renderForm(violations: readonly unknown[]): Response;
export declare function renderSent(email: string): string;
export declare function startReset(token: string): Response;
export declare function show(text: string): void;

// Its databases, queue and services.
interface Documents<T> {
  insertOne(document: T): Promise<unknown>;
  findOne(filter: object): Promise<T | null>;
  deleteOne(filter: object): Promise<{ deletedCount: number }>;
  deleteMany(filter: object): Promise<{ deletedCount: number }>;
}
export declare const pool: import("pg").Pool;
export declare const connectionString: string;
export declare const url: string;
export declare const links: Documents<import("relatch").TokenRecord>;
export declare const oldLinks: Documents<import("relatch").LegacyToken>;
export declare const client: PasswordResetClient & { sendCommand(args: string[]): Promise<unknown> };
export declare const storeClient: unknown;
export declare const queue: { add(name: string, job: object, options: object): Promise<unknown> };
export declare class Worker {
  constructor(name: string, run: (job: { data: unknown }) => Promise<void>);
}
export declare const api: { send(email: object): Promise<void> };
export declare const apiKey: string;
export declare const host: string;
export declare const auth: { user: string; pass: string };
export declare const transport: NodemailerTransport;
export declare const textMessageMailer: import("relatch").Mailer;
export declare function findTotpKey(userId: string): Promise<string | undefined>;
export declare function spendTotpCode(userId: string, code: string): Promise<boolean>;
export declare function countAtomically(key: string, seconds: number): Promise<{ count: number; secondsLeft: number }>;

// Its tests.
export declare const tokens: import("relatch").TokenStore;
export declare const received: MailerFixture["received"];
export declare const create: () => Promise<LegacyTokensFixture & SecondFactorFixture>;
export declare const createFixture: (options?: UserStoreContractOptions) => Promise<SessionsFixture & UserStoreFixture>;
