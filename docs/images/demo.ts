import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { findChromium, launchChromium } from "../../test/system/http/chromium.ts";

// The picture in the README, in light and in dark: `npx tsx docs/images/demo.ts`. The demo is run as `npm run demo`
// runs it, on PORT (8000), and asked in Chromium. Where `pngquant` is installed, the files come out smaller.

const root = join(import.meta.dirname, "../..");
const port = Number(process.env["PORT"] ?? 8000);
const origin = `http://localhost:${port}`;
/** Of the picture, in CSS pixels: two of the file's for one of these. */
const [WIDTH, HEIGHT, PAGE] = [1000, 656, 616];

const folder = await mkdtemp(join(tmpdir(), "relatch-picture-"));
const demo = spawn(
  process.execPath,
  ["--import", import.meta.resolve("tsx"), join(root, "examples/express/server.ts")],
  {
    // Away from anybody's .env file.
    cwd: folder,
    stdio: "ignore",
    env: {
      PATH: process.env["PATH"],
      TSX_TSCONFIG_PATH: join(root, "tsconfig.json"),
      DATABASE_FILE: join(folder, "demo.sqlite"),
      PORT: String(port),
    },
  },
);
try {
  const executable = findChromium();
  if (executable === undefined) throw new Error("no Chromium");
  const browser = await launchChromium(executable);
  const mail = await requestedMail();
  for (const scheme of ["light", "dark"] as const) {
    await writeFile(
      join(import.meta.dirname, `demo-${scheme}.png`),
      await optimize(await picture(browser, scheme, mail)),
    );
  }
  await browser.close();
} finally {
  demo.kill();
  await rm(folder, { recursive: true });
}

interface Mail {
  id: number;
  text: string;
}

/** Asks for a link, and waits for its mail. */
async function requestedMail(): Promise<Mail> {
  for (let tries = 0; tries < 100; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    const headers = { Accept: "application/json", "Content-Type": "application/json" };
    const asked = await fetch(`${origin}/password_reset`, {
      method: "POST",
      headers,
      body: '{"email":"mike@example.org"}',
    }).catch(() => undefined);
    if (!asked?.ok) continue;
    const [mail] = (await (await fetch(`${origin}/dev/mail`, { headers })).json()) as Mail[];
    if (mail) return mail;
  }
  throw new Error("no email");
}

/** The email, and the page that its button leads to, side by side. */
async function picture(browser: Browser, colorScheme: "light" | "dark", { id, text }: Mail): Promise<Buffer> {
  const look = { colorScheme, deviceScaleFactor: 2, locale: "en-GB" } as const;
  const mail = await shot(browser, { ...look, viewport: { width: 540, height: PAGE } }, (page) =>
    page.goto(`${origin}/dev/mail/${id}/html`),
  );
  const form = await shot(browser, { ...look, viewport: { width: 400, height: PAGE } }, async (page) => {
    await page.goto(/http:\S+/.exec(text)?.[0] ?? "");
    await page.locator("#password").fill("acme2026");
    await page.locator("#password_confirmation").fill("acme2026");
    await Promise.all([page.waitForEvent("load"), page.locator("form button").click()]);
  });
  const dark = colorScheme === "dark";
  const [ground, line] = dark ? ["#0d1117", "#3d444d"] : ["#ffffff", "#d1d9e0"];
  const images = [mail, form].map((png) => `<img src="data:image/png;base64,${png.toString("base64")}">`);
  return shot(browser, { ...look, viewport: { width: WIDTH, height: HEIGHT } }, (page) =>
    page.setContent(`<!doctype html><style>
      body { margin: 0; height: 100vh; display: flex; gap: 20px; align-items: center; justify-content: center; background: ${ground} }
      img { height: ${PAGE}px; border: 1px solid ${line}; border-radius: 12px }
    </style>${images.join("")}`),
  );
}

async function shot(
  browser: Browser,
  options: BrowserContextOptions,
  prepare: (page: Page) => Promise<unknown>,
): Promise<Buffer> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await prepare(page);
  const png = await page.screenshot();
  await context.close();
  return png;
}

/** Through pngquant, where there is one. */
async function optimize(png: Buffer): Promise<Buffer> {
  const quant = spawn("pngquant", ["--speed", "1", "--quality", "70-95", "-"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const failed = new Promise<undefined>((resolve) => quant.once("error", () => resolve(undefined)));
  quant.stdin.on("error", () => {});
  quant.stdin.end(png);
  const chunks = quant.stdout.toArray().catch(() => []);
  const smaller = await Promise.race([failed, chunks.then((all) => Buffer.concat(all as Buffer[]))]);
  return smaller?.length ? smaller : png;
}
