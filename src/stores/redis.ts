import { section, wrong } from "../checks.ts";
import { attempt, ownFields } from "../fields.ts";
import type { TokenRecord, TokenStore } from "../types.ts";
import { tokenRecord } from "./record.ts";

/**
 * Sends one command, whose first argument is its key. With ioredis, cluster or not:
 *
 *     ([name, ...args]) => redis.call(name, ...args)
 *
 * with node-redis, and with a cluster of node-redis:
 *
 *     (args) => client.sendCommand(args)
 *     (args) => cluster.sendCommand(args[1], false, args)
 */
export type RedisCommand = (args: [name: string, key: string, ...rest: string[]]) => Promise<unknown>;

/** Where the tokens are kept. */
export interface RedisTokensOptions {
  /** What every key begins with. Default: `relatch:`. */
  prefix?: string | undefined;
}

/**
 * Tokens in Redis 6.2 or later, or in what speaks its protocol. Each command has one key, so that it runs on a
 * cluster; the engine removes what has expired. Needs `maxmemory-policy noeviction`: an evicted link is dead.
 *
 * @throws RelatchError `ERR_OPTIONS` for what is no function, and for a prefix that is no text.
 */
export function redisTokens(command: RedisCommand, options: RedisTokensOptions = {}): TokenStore {
  if (typeof command !== "function")
    throw wrong("redisTokens takes a function that sends a command, e.g. (args) => client.sendCommand(args)");
  const { prefix = "relatch:" } = section("options of redisTokens", options, ["prefix"]);
  if (typeof prefix !== "string") throw wrong("prefix is a text that the keys begin with");
  const tokenKey = (tokenHash: string) => `${prefix}t:${tokenHash}`;
  const userKey = (userId: string) => `${prefix}u:${userId}`;

  return {
    async save({ tokenHash, userId, fingerprint, expiresAt }) {
      const instant = expiresAt.getTime();
      const record = JSON.stringify({ userId, fingerprint, expiresAt: instant });
      // Later than the token itself: its expiry is judged by one clock alone, and that is not the engine's.
      const expiry = ["PXAT", String(instant + GRACE)];
      // The user's key says which token counts: once it is set, the earlier one is dead.
      await Promise.all([
        command(["SET", tokenKey(tokenHash), record, ...expiry]),
        command(["SET", userKey(userId), tokenHash, ...expiry]),
      ]);
    },

    async find(tokenHash): Promise<TokenRecord | undefined> {
      const found = await command(["GET", tokenKey(tokenHash)]);
      if (found === null || found === undefined) return undefined;
      const record = parse(tokenHash, String(found));
      const current = await command(["GET", userKey(record.userId)]);
      return String(current) === tokenHash ? record : undefined;
    },

    async deleteByUser(userId) {
      await command(["DEL", userKey(userId)]);
    },

    /** Answers 0: the engine has done it. */
    deleteExpired: async () => 0,
  };
}

const GRACE = 10 * 60 * 1000;

/** What is damaged has no string for an id, and is refused there. */
function parse(tokenHash: string, json: string): TokenRecord {
  const { userId, fingerprint, expiresAt } = ownFields(attempt(() => JSON.parse(json)));
  return tokenRecord(tokenHash, userId, fingerprint, expiresAt);
}
