import fc from "fast-check";
import { sessionStamp } from "relatch";
import type { Presented } from "./facts.ts";
import * as spec from "./spec.ts";
import { deliver } from "./spec-jobs.ts";
import type { Model, ModelProcess } from "./state.ts";
import type { Operation } from "./steps.ts";
import type { Interrupt, RealProcess, World } from "./world.ts";
import { passwordOf } from "./world.ts";

// Actions of people, the application and its workers. Each is data, with its meaning for the model and for the real
// thing. A number selects the token, job or account, modulo how many there are.

const [MAIN, NORTH, SOUTH] = ["main", "north", "south"] as const;
export const TENANTS = [MAIN, NORTH, SOUTH];

export const ACCOUNTS = [
  { id: "1", email: "mike@example.org", tenant: MAIN, allowed: true },
  { id: "2", email: "Anna@Example.org", tenant: NORTH, allowed: true },
  // The same address in another tenant.
  { id: "3", email: "anna@example.org", tenant: SOUTH, allowed: true },
  { id: "none", email: "new@example.org", tenant: MAIN, allowed: true },
];
const IDS = ACCOUNTS.map(({ id }) => id);

/** As typed, and what it means. */
const TYPED: [typed: string, canonical: string | undefined][] = [
  ["mike@example.org", "mike@example.org"],
  [" MIKE@Example.ORG\n", "mike@example.org"],
  ["anna@example.org", "anna@example.org"],
  ["new@example.org", "new@example.org"],
  ["moved@example.org", "moved@example.org"],
  ["nobody@example.org", "nobody@example.org"],
  ["mike@example.org,anna@example.org", undefined],
  ["m\u0131ke@example.org", "m\u0131ke@example.org"],
];
/** How the accounts' own requests are typed, with their tenants. */
export const OWN_LINKS: [typed: number, tenant: number][] = [
  [0, 0],
  [2, 1],
  [2, 2],
  [3, 0],
];
/** No email can be sent to the last one. */
const ON_FILE = ["moved@example.org", "Moved@example.org", "mike@example.org", '"odd one"@example.org'];

type Which = "newest" | number | "junk" | "malformed";

export type Action =
  | { do: "request"; typed: number; tenant: number }
  | { do: "deliver"; job: "newest" | number }
  | { do: "verify"; token: Which; tenant: "own" | number }
  | { do: "complete"; token: Which; tenant: "own" | number; password: "new" | "same" | "refused" }
  | { do: "revoke tokens"; id: number }
  | { do: "sign in"; id: number }
  | { do: "change password" | "rehash" | "suspend" | "allow" | "delete" | "remove password"; id: number }
  | { do: "change address"; id: number; email: number }
  | { do: "change tenant"; id: number; tenant: number };

/** The last one means the owner of the newest link. */
const id = fc.oneof(fc.nat(IDS.length - 1), fc.constant(IDS.length));
const idOf = (nth: number, { links }: Model): string => IDS[nth] ?? links.at(-1)?.bound.id ?? "nobody";
const tenant = fc.nat(TENANTS.length - 1);
const token = fc.oneof(
  { weight: 6, arbitrary: fc.constant("newest" as const) },
  { weight: 4, arbitrary: fc.nat(7) },
  { weight: 1, arbitrary: fc.constantFrom("junk" as const, "malformed" as const) },
);
const ofTenant = fc.oneof({ weight: 9, arbitrary: fc.constant("own" as const) }, { weight: 1, arbitrary: tenant });

const mutations = (whose: fc.Arbitrary<number>) =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constantFrom(
          ...(["change password", "rehash", "remove password", "delete"] as const),
          ...(["suspend", "suspend", "allow"] as const),
        ),
        id: whose,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant("change address" as const),
        id: whose,
        email: fc.nat(ON_FILE.length - 1),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("change tenant" as const), id: whose, tenant }) },
  );

export const actions = {
  request: fc.record({ do: fc.constant("request" as const), typed: fc.nat(TYPED.length - 1), tenant }),
  deliver: fc.record({
    do: fc.constant("deliver" as const),
    job: fc.oneof({ weight: 2, arbitrary: fc.constant("newest" as const) }, { weight: 1, arbitrary: fc.nat(9) }),
  }),
  verify: fc.record({ do: fc.constant("verify" as const), token, tenant: ofTenant }),
  complete: fc.record({
    do: fc.constant("complete" as const),
    token,
    tenant: ofTenant,
    password: fc.constantFrom("new" as const, "new" as const, "new" as const, "same" as const, "refused" as const),
  }),
  revokeTokens: fc.record({ do: fc.constant("revoke tokens" as const), id }),
  signIn: fc.record({ do: fc.constant("sign in" as const), id }),
  mutate: mutations(id),
  /** Changes the owner of the newest link. */
  mutateOwner: mutations(fc.constant(IDS.length)),
};

/** An action with its numbers looked up: what it does to the model, and what to the real thing. */
export interface Meaning {
  model(model: Model, process: ModelProcess): Operation;
  real(world: World, process: RealProcess, interrupt: Interrupt): Promise<unknown>;
}

export function meaningOf(action: Action, model: Model, password: string): Meaning {
  switch (action.do) {
    case "request": {
      const [typed = "", address] = TYPED[action.typed] ?? [];
      const tenant = TENANTS[action.tenant] ?? MAIN;
      return {
        model: (state) => spec.requestReset(state, address, tenant),
        real: (_, { passwordReset }) => passwordReset.requestReset({ email: typed, ip: false, tenant }),
      };
    }
    case "deliver": {
      // The newest when its turn comes: it may be one that another operation has just handed over.
      const nth = (length: number) => (action.job === "newest" ? length - 1 : action.job % Math.max(1, length));
      return {
        *model(state, process) {
          const job = (yield {
            port: "application",
            effect: () => state.queue[nth(state.queue.length)],
          }) as never;
          if (job) yield* deliver(state, process, job);
        },
        async real({ queue }, process, interrupt) {
          const job = await interrupt(
            () => process.isDead,
            "application",
            () => queue[nth(queue.length)],
          );
          if (job) await process.passwordReset.deliver(job);
        },
      };
    }
    case "verify": {
      const { presented, text, tenant } = tokenOf(action, model);
      return {
        model: (state) => spec.verifyToken(state, presented, tenant),
        real: (world, { passwordReset }) => passwordReset.verifyToken({ token: text(world), tenant }),
      };
    }
    case "complete": {
      const { presented, text, tenant } = tokenOf(action, model);
      const newPassword = action.password === "refused" ? "" : password;
      return {
        model: (state, process) => spec.completeReset(state, process, presented, newPassword, tenant),
        async real(world, { passwordReset }) {
          const result = await passwordReset.completeReset({ token: text(world), newPassword, tenant });
          return "violations" in result ? { ok: result.ok, reason: result.reason } : result;
        },
      };
    }
    case "revoke tokens": {
      const userId = idOf(action.id, model);
      return {
        model: (state) => spec.revokeTokens(state, userId),
        real: (_, { passwordReset }) => passwordReset.revokeTokens(userId),
      };
    }
    case "sign in":
      return signIn(idOf(action.id, model));
    default:
      return mutation(action, idOf(action.id, model), password);
  }
}

function tokenOf({ token, tenant }: Extract<Action, { do: "verify" | "complete" }>, { links }: Model) {
  const index = token === "newest" ? links.length - 1 : typeof token === "number" ? token % links.length : -1;
  const found = links[index];
  const presented: Presented = found ?? (token === "malformed" ? "malformed" : "unknown");
  return {
    presented,
    text: (world: World) => world.links[index] ?? (presented === "malformed" ? "A".repeat(42) : "A".repeat(43)),
    tenant: (tenant === "own" ? found?.bound.tenant : TENANTS[tenant]) ?? MAIN,
  };
}

const signIn = (userId: string): Meaning => ({
  model: (state) => spec.signIn(state, userId),
  async real({ users, sessions }, process, interrupt) {
    const step = <T>(effect: () => T) => interrupt(() => process.isDead, "application", effect);
    const user = await step(() => users.get(userId));
    if (!user?.passwordHash) return;
    const session = { userId, stamp: sessionStamp(user), password: passwordOf(user.passwordHash) };
    await step(() => void sessions.push(session));
  },
});

function mutation(action: Extract<Action, { id: number }>, userId: string, password: string): Meaning {
  return {
    model: (state) =>
      action.do === "delete"
        ? spec.remove(state, userId)
        : spec.change(state, userId, (account) => {
            const secret = (text: string) => {
              state.secrets += 1;
              return { password: text, n: state.secrets };
            };
            if (action.do === "change password") account.secret = secret(password);
            if (action.do === "rehash") account.secret &&= secret(account.secret.password);
            if (action.do === "remove password") account.secret = null;
            if (action.do === "suspend") account.allowed = false;
            if (action.do === "allow") account.allowed = true;
            if (action.do === "change address") account.email = ON_FILE[action.email] ?? "";
            if (action.do === "change tenant") account.tenant = TENANTS[action.tenant] ?? MAIN;
          }),
    real: ({ users, newHash }, process, interrupt) =>
      interrupt(
        () => process.isDead,
        "application",
        () => {
          const user = users.get(userId);
          if (!user) return;
          if (action.do === "delete") return users.delete(userId);
          if (action.do === "change password") user.passwordHash = newHash(password);
          if (action.do === "rehash") user.passwordHash &&= newHash(passwordOf(user.passwordHash) ?? "");
          if (action.do === "remove password") user.passwordHash = null;
          if (action.do === "suspend") user.resetAllowed = false;
          if (action.do === "allow") user.resetAllowed = true;
          if (action.do === "change address") user.email = ON_FILE[action.email] ?? "";
          if (action.do === "change tenant") user.tenant = TENANTS[action.tenant] ?? MAIN;
          users.set(user);
        },
      ),
  };
}
