import { join } from "node:path";
import ts from "typescript";
import { root } from "../../helpers/docs.ts";

/** Returns the paths and options of the project in this folder. */
export function projectIn(folder: string): ts.ParsedCommandLine {
  const { config } = ts.readConfigFile(join(folder, "tsconfig.json"), ts.sys.readFile);
  return ts.parseJsonConfigFileContent(config, ts.sys, folder);
}

/** Compiles these files with the options of the repository. */
export const programOf = (files: string[], more: ts.CompilerOptions = {}): ts.Program =>
  ts.createProgram(files, { ...projectIn(root).options, ...more });

/** Compiles blocks of a page, which declare more than they use, and returns the problems. */
export const problemsIn = (files: string[]): { file: string | undefined; message: string }[] =>
  ts
    .getPreEmitDiagnostics(programOf(files, { noUnusedLocals: false, skipLibCheck: true }))
    .map(({ file, messageText }) => ({
      file: file?.fileName,
      message: ts.flattenDiagnosticMessageText(messageText, "\n"),
    }));
