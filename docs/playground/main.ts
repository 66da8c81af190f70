import { askPanel } from "./panels/ask.ts";
import { clockPanel } from "./panels/clock.ts";
import { linkPanel } from "./panels/link.ts";
import { mailboxPanel } from "./panels/mailbox.ts";
import { eventsPanel, jobsPanel, stripPanel, tokensPanel } from "./panels/server.ts";
import { usersPanel } from "./panels/users.ts";
import { followTheme } from "./theme.ts";
import { createWorld } from "./world.ts";

async function start(): Promise<void> {
  let panels: (() => void)[] = [];
  const renderAll = () => {
    for (const render of panels) render();
  };
  const world = await createWorld(renderAll);
  panels = [
    clockPanel(world, renderAll),
    jobsPanel(world),
    tokensPanel(world),
    usersPanel(world),
    eventsPanel(world),
    mailboxPanel(world),
    stripPanel(world),
  ];
  renderAll();
  askPanel(world);
  linkPanel(world);
}

followTheme();
void start();
