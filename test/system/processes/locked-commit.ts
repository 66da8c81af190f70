import { once } from "node:events";
import pg from "pg";
import { expect, test } from "vitest";
import { addSession, addUser, isDelivered, issueLink, passwordResetOf, waitForStatements } from "./application.ts";
import type { Plan, Report } from "./kill.child.ts";
import { look, NEW, OLD, openScene } from "./scene.ts";

/** Tests a commit that the server runs after its process was killed. */
export function testLockedCommit(postgres: string): void {
  const scene = openScene("postgres", { postgres });

  async function lock(userId: string): Promise<() => Promise<void>> {
    const client = new pg.Client({ connectionString: postgres });
    await client.connect();
    await client.query("BEGIN");
    await client.query(`SELECT FROM ${scene.world.name}.users WHERE id = $1 FOR UPDATE`, [userId]);
    return async () => {
      await client.query("COMMIT");
      await client.end();
    };
  }

  test("a commit that lands after its process was killed is followed up", async () => {
    const { application, script, world } = scene;
    const userId = "late";
    const oldStamp = await addUser(application, userId, OLD);
    const token = await issueLink(application, userId);
    const unlock = await lock(userId);
    const child = script.start();
    child.on("message", (report: Report) => "step" in report && child.send({}));
    child.send({ world, userId, task: { token, newPassword: NEW } } satisfies Plan);
    await waitForStatements(application, world, userId, (waits) => waits.includes("Lock"));
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;

    // Its statement still waits, so the queue waits too.
    expect(await look(application, userId)).toMatchObject({ password: OLD, valid: [token] });
    const job = await application.jobs.take(userId);
    expect(await isDelivered(passwordResetOf(application, userId), job)).toBe(false);
    await addSession(application, userId, oldStamp);
    await unlock();
    await waitForStatements(application, world, userId);
    const committed = { password: NEW, valid: [] };
    expect(await look(application, userId)).toMatchObject({ ...committed, oldSessions: 1, notices: 0 });
    expect(await isDelivered(passwordResetOf(application, userId), job)).toBe(true);
    expect(await look(application, userId)).toMatchObject({ ...committed, oldSessions: 0, notices: 1 });
  }, 30_000);
}
