import { openGuesser, type World } from "./guesses.ts";

// A process that redeems codes: as many at the same time as it is told.

process.on("message", async ({ world, ticket, codes }: { world: World; ticket: string; codes: string[] }) => {
  const { passwordReset, reasons, close } = await openGuesser(world);
  await Promise.all(codes.map((code) => passwordReset.redeemCode({ ticket, code })));
  await close();
  process.send?.(reasons);
});
