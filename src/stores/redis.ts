import { aFunction, mustBe, optional, type Reader, readOptions } from "../lib/shape.ts";
import { readOwnFields, readSafely } from "../lib/untrusted-input.ts";
import type { TokenStore } from "../ports/contract.ts";
import { toTokenRecord } from "./token-record.ts";

/**
 * Sends one command, whose first argument is its key. With ioredis (cluster or not), node-redis, and its cluster:
 *
 *     ([name, ...args]) => redis.call(name, ...args)
 *     (args) => client.sendCommand(args)
 *     (args) => cluster.sendCommand(args[1], false, args)
 */
export type RedisCommand = (args: [name: string, key: string, ...rest: string[]]) => Promise<unknown>;

/** Options of {@link redisTokens}. */
export interface RedisTokensOptions {
  /** How every key starts. Default: `relatch:`. */
  prefix?: string | undefined;
}

/**
 * Keeps links in Redis 6.2 or later, or in a server that speaks its protocol. Every command has one key, so it runs on
 * a cluster. The engine deletes expired links. Set `maxmemory-policy noeviction`, or links may be evicted.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if `command` is not a function, or if `prefix` is not a string.
 * @example
 * const tokens = redisTokens((args) => client.sendCommand(args));
 */
export function redisTokens(command: RedisCommand, options: RedisTokensOptions = {}): TokenStore {
  aFunction("(args) => client.sendCommand(args)")(command, "redisTokens.command");
  const { prefix } = readOptions("redisTokens", options, { prefix: optional(aPrefix, "relatch:") });
  const tokenKey = (tokenHash: string) => `${prefix}t:${tokenHash}`;
  const userKey = (userId: string) => `${prefix}u:${userId}`;

  return {
    async save({ tokenHash, userId, fingerprint, expiresAt }) {
      const instant = expiresAt.getTime();
      const record = JSON.stringify({ userId, fingerprint, expiresAt: instant });
      const key = userKey(userId);
      // The user's index comes first, so that there is never a link that deleteByUser does not find.
      await command(["ZADD", key, String(instant), tokenHash]);
      await Promise.all([
        command(["ZREMRANGEBYSCORE", key, "-inf", String(Date.now())]),
        command(["EXPIRE", key, String(INDEX_SECONDS)]),
        // Later than the link itself, because one clock alone judges its expiry, and that is not the engine's.
        command(["SET", tokenKey(tokenHash), record, "PXAT", String(instant + GRACE)]),
      ]);
    },

    async find(tokenHash) {
      const found = await command(["GET", tokenKey(tokenHash)]);
      if (found === null || found === undefined) return undefined;
      const { userId, fingerprint, expiresAt } = readOwnFields(readSafely(() => JSON.parse(String(found))));
      return toTokenRecord({ tokenHash, userId, fingerprint, expiresAt });
    },

    async deleteByUser(userId) {
      const tokenHashes = (await command(["ZRANGE", userKey(userId), "0", "-1"])) as unknown[];
      await Promise.all(tokenHashes.map((tokenHash) => command(["DEL", tokenKey(String(tokenHash))])));
    },

    /** Returns 0, because the engine has deleted them. */
    deleteExpired: async () => 0,
  };
}

/** How long a record outlives its expiry, in milliseconds. */
const GRACE = 10 * 60 * 1000;
/** No link is issued for longer than 7 days. */
const INDEX_SECONDS = 7 * 24 * 60 * 60 + GRACE / 1000;

const aPrefix: Reader<string> = (value, path) => {
  if (typeof value !== "string") throw mustBe(path, "a string", value, '"relatch:"');
  return value;
};
