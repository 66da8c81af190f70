import type { TokenRecord, TokenStore } from "../types.ts";

/**
 * Sends one command. With ioredis: `([name, ...args]) => redis.call(name, ...args)`; with node-redis:
 * `(args) => client.sendCommand(args)`; with a node-redis cluster, the key goes first:
 * `(args) => cluster.sendCommand(args[1], false, args)`.
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
 */
export function redisTokens(
  command: RedisCommand,
  { prefix = "relatch:" }: RedisTokensOptions = {},
): TokenStore {
  const tokenKey = (tokenHash: string) => `${prefix}t:${tokenHash}`;
  const userKey = (userId: string) => `${prefix}u:${userId}`;
  return {
    async save({ tokenHash, userId, fingerprint, expiresAt }) {
      const instant = expiresAt.getTime();
      // Later than the token itself: its expiry is judged by one clock alone, and that is not the engine's.
      const expiry = ["PXAT", String(instant + 10 * 60 * 1000)];
      // The user's key says which token counts: with it, the earlier one is dead.
      await Promise.all([
        command([
          "SET",
          tokenKey(tokenHash),
          JSON.stringify({ userId, fingerprint, expiresAt: instant }),
          ...expiry,
        ]),
        command(["SET", userKey(userId), tokenHash, ...expiry]),
      ]);
    },

    async find(tokenHash): Promise<TokenRecord | undefined> {
      const found = await command(["GET", tokenKey(tokenHash)]);
      if (found === null || found === undefined) return undefined;
      const { userId, fingerprint, expiresAt } = JSON.parse(String(found));
      const current = await command(["GET", userKey(String(userId))]);
      if (String(current) !== tokenHash) return undefined;
      return { tokenHash, userId, fingerprint, expiresAt: new Date(expiresAt) };
    },

    async deleteByUser(userId) {
      await command(["DEL", userKey(userId)]);
    },

    /** The engine has done it. */
    deleteExpired: async () => 0,
  };
}
