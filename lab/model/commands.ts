import assert from "node:assert/strict";
import fc, { type AsyncCommand } from "fast-check";
import { type Action, actions, type Meaning, meaningOf, OWN_LINKS } from "./actions.ts";
import { type FaultPlan, type Runner, replay, type Start } from "./run.ts";
import { LIFETIME, MINUTE, type Model, newProcess, PATIENCE, SKEW, visible } from "./state.ts";
import type { Port } from "./steps.ts";
import type { World } from "./world.ts";

// Commands of the model-based test: one action, two at once, or a turn of the clock.

/** The real thing, with what runs it. */
export interface Real {
  readonly world: World;
  readonly runner: Runner;
}

type Command = AsyncCommand<Model, Real>;

interface Part {
  readonly action: Action;
  readonly process: number;
}

/** The calls at which an action can be interrupted. */
const PORTS: Partial<Record<Action["do"], Port[]>> = {
  request: ["dispatch"],
  deliver: ["users.findByEmail", "users.findById", "tokens.save", "revoke", "mailer", "mailer"],
  verify: ["tokens.find", "users.findById"],
  complete: [
    ...(["tokens.find", "users.findById", "hasher", "dispatch", "dispatch", "tokens.deleteByUser"] as const),
    ...(["revoke", "revoke", "users.commit", "users.commit"] as const),
  ],
  "revoke tokens": ["tokens.deleteByUser"],
};

/** A fault that the action can meet, in about one of three. */
function faultIn({ do: name }: Action): fc.Arbitrary<FaultPlan | undefined> {
  const ports = PORTS[name];
  if (!ports) return fc.constant(undefined);
  const plan: fc.Arbitrary<FaultPlan> = fc.record({
    port: fc.constantFrom(...ports),
    nth: fc.constantFrom(1, 1, 2),
    lasts: fc.boolean(),
    when: fc.constantFrom("before" as const, "after" as const),
    how: fc.constantFrom("throws" as const, "hangs" as const, "dies" as const, "dies" as const),
  });
  return fc.option(plan, { nil: undefined, freq: 2 });
}

class Acting implements Command {
  readonly #parts: readonly Part[];
  readonly #order: readonly boolean[];
  readonly #plan: FaultPlan | undefined;

  constructor(parts: readonly Part[], plan: FaultPlan | undefined, order: readonly boolean[]) {
    this.#parts = parts;
    this.#plan = plan;
    this.#order = order;
  }

  check(model: Readonly<Model>): boolean {
    const needsLink = ({ action }: Part) => "token" in action && typeof action.token !== "string";
    const needsNewest = ({ action }: Part) => "token" in action && action.token === "newest";
    return model.links.length > 0 || !this.#parts.some((part) => needsLink(part) || needsNewest(part));
  }

  async run(model: Model, { world, runner }: Real): Promise<void> {
    const meanings = this.#parts.map((part) => this.#meaning(part, model));
    const starts = this.#parts.map(({ process: nth }, index): Start => {
      const process = world.processes[nth]!;
      return {
        run: () => meanings[index]!.real(world, process, runner.interrupt),
        // The first of two has the fault.
        plan: index === 0 ? this.#plan : undefined,
        kill: () => {
          process.isDead = true;
        },
        isDead: () => process.isDead,
      };
    });
    const { outcomes, trace } = await runner.run(starts, this.#order);
    const operations = this.#parts.map(({ process }, index) =>
      meanings[index]!.model(model, model.processes[process]!),
    );
    assert.deepEqual(outcomes, replay(operations, trace, outcomes));
    assert.deepEqual(world.visible(), visible(model));
    world.processes.forEach(({ isDead }, nth) => {
      if (!isDead) return;
      world.restart(nth);
      model.processes[nth] = newProcess();
    });
  }

  #meaning({ action }: Part, model: Model): Meaning {
    const isSame = "password" in action && action.password === "same";
    if (!isSame) model.passwords += 1;
    return meaningOf(action, model, `password ${model.passwords}`);
  }

  toString(): string {
    const parts = this.#parts.map(({ action, process }) => `${JSON.stringify(action)}@${process}`);
    const order = parts.length > 1 ? ` order ${this.#order.map(Number).join("")}` : "";
    return parts.join(" ‖ ") + order + (this.#plan ? ` with ${JSON.stringify(this.#plan)}` : "");
  }
}

class Turning implements Command {
  readonly #to: (model: Readonly<Model>) => number | undefined;
  readonly #name: string;

  constructor(name: string, to: (model: Readonly<Model>) => number | undefined) {
    this.#name = name;
    this.#to = to;
  }

  check(model: Readonly<Model>): boolean {
    return this.#to(model) !== undefined;
  }

  async run(model: Model, { world }: Real): Promise<void> {
    model.now = this.#to(model) as number;
    world.clock.now = model.now;
  }

  toString(): string {
    return this.#name;
  }
}

const process = fc.nat(1);
const one = (action: fc.Arbitrary<Action>) =>
  fc
    .record({ action, process })
    .chain((part) => faultIn(part.action).map((plan): Command => new Acting([part], plan, [])));

const anything: fc.Arbitrary<Action> = fc.oneof(
  { weight: 5, arbitrary: actions.complete },
  { weight: 4, arbitrary: actions.deliver },
  { weight: 2, arbitrary: actions.mutate },
  { weight: 1, arbitrary: actions.request },
  { weight: 1, arbitrary: actions.verify },
  { weight: 2, arbitrary: actions.signIn },
  { weight: 1, arbitrary: actions.revokeTokens },
);
const two = (first: fc.Arbitrary<Action>, second = anything) =>
  fc
    .record({
      parts: fc.tuple(fc.record({ action: first, process }), fc.record({ action: second, process })),
      order: fc.oneof(
        fc.array(fc.boolean(), { minLength: 4, maxLength: 20, size: "max" }),
        // All of the second in between.
        fc.nat(8).map((nth) => [...new Array<boolean>(nth).fill(false), ...new Array<boolean>(8).fill(true)]),
      ),
    })
    .chain(({ parts, order }) => faultIn(parts[0].action).map((plan): Command => new Acting(parts, plan, order)));

const SPANS = [1, MINUTE, PATIENCE - 1, PATIENCE, 6 * MINUTE, LIFETIME / 2, LIFETIME, LIFETIME + 1];
const clock: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ nth: fc.nat(7), offset: fc.constantFrom(-1, 0, 1) }).map(
    ({ nth, offset }) =>
      new Turning(`to the expiry of link ${nth} ${offset}`, ({ links }) => {
        const link = links.at(-1 - (nth % links.length));
        return link && link.expiresAt + offset;
      }),
  ),
  fc
    .constantFrom(...SPANS, -1, -MINUTE, -SKEW, -SKEW - 1, -LIFETIME)
    .map((span) => new Turning(`by ${span} ms`, ({ now }) => now + span)),
);

/** One after the other, as one command. */
const inTurn = (...steps: Command[]): Command => ({
  check: () => true,
  async run(model, real) {
    for (const each of steps) if (each.check(model)) await each.run(model, real);
  },
  toString: () => steps.join("; "),
});

/** A request and its mail, which what is of interest needs first. */
export const link = fc.constantFrom(...OWN_LINKS).map(([typed, tenant]): Command => {
  const step = (action: Action) => new Acting([{ action, process: 0 }], undefined, []);
  return inTurn(step({ do: "request", typed, tenant }), step({ do: "deliver", job: "newest" }));
});

/** A fresh link is used, and something else happens meanwhile. */
const race = fc
  .tuple(
    link,
    two(
      fc.constant({ do: "complete", token: "newest", tenant: "own", password: "new" }),
      fc.oneof(anything, actions.mutateOwner),
    ),
  )
  .map((steps) => inTurn(...steps));

export const commands = fc.commands<Model, Real, false>(
  [
    link,
    ...new Array(3).fill(one(actions.deliver)),
    ...new Array(3).fill(one(actions.complete)),
    ...new Array(2).fill(one(actions.signIn)),
    ...new Array(2).fill(one(actions.mutate)),
    one(actions.request),
    one(actions.verify),
    one(actions.revokeTokens),
    ...new Array(4).fill(race),
    ...new Array(2).fill(two(actions.complete)),
    ...new Array(2).fill(two(anything)),
    ...new Array(2).fill(clock),
  ] as fc.Arbitrary<Command>[],
  { maxCommands: 24, size: "max" },
);
