import assert from "node:assert/strict";
import fc from "fast-check";
import { signedTokens } from "relatch";
import { ACCOUNTS, meaningOf } from "./actions.ts";
import { commands, link, type Real } from "./commands.ts";
import { Runner, replay } from "./run.ts";
import { type Model, newModel } from "./state.ts";
import { newWorld, type Planted } from "./world.ts";

/** Whatever happens, the real thing does as the model does. */
export const asTheModel = (isSigned: boolean, planted: Planted = {}) =>
  fc.asyncProperty(link, commands, async (first, sequence) => {
    const { model, real } = both(isSigned, planted);
    await first.run(model, real);
    await fc.asyncModelRun(() => ({ model, real }), sequence);
    await everyLink(model, real);
    nothingLeaked(real);
  });

/** The model and the real thing, both in the same state. */
function both(isSigned: boolean, planted: Planted): { model: Model; real: Real } {
  const model = newModel(isSigned, ACCOUNTS);
  const runner = new Runner();
  const accounts = [...model.accounts.values()].map(({ id, email, tenant, secret, allowed }) => ({
    id,
    email,
    tenant,
    passwordHash: secret && `${secret.password}#0`,
    resetAllowed: allowed,
  }));
  const signed = isSigned ? signedTokens() : undefined;
  return { model, real: { world: newWorld(accounts, signed, model.now, runner.interrupt, planted), runner } };
}

/** In the end, each link is as good as it should be. */
async function everyLink(model: Model, { world, runner }: Real): Promise<void> {
  const process = world.processes[0]!;
  for (const token of model.links.keys()) {
    const meaning = meaningOf({ do: "verify", token, tenant: "own" }, model, "");
    const run = () => meaning.real(world, process, runner.interrupt);
    const { outcomes, trace } = await runner.run([{ run, plan: undefined, kill: () => {}, isDead: () => false }]);
    assert.deepEqual(outcomes, replay([meaning.model(model, model.processes[0]!)], trace, outcomes));
  }
}

/** No token and no password in an event or a job. */
function nothingLeaked({ world }: Real): void {
  const logged = JSON.stringify(world.logged);
  for (const secret of [...world.links, "password "]) assert.ok(!logged.includes(secret));
}
