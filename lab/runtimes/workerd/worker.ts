import "./state.ts";

/** Responds with the report on one file of the suite: `/?file=test/….test.ts`. */
export default {
  async fetch(request: Request): Promise<Response> {
    // In the global scope, Vitest's clocks would set a timer and be refused.
    const { runFile } = await import("./suite.ts");
    return Response.json(await runFile(new URL(request.url).searchParams.get("file") ?? ""));
  },
};
