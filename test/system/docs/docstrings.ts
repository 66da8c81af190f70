import { join } from "node:path";
import ts from "typescript";
import { entries } from "../../../entries.ts";
import { root } from "../../helpers/docs.ts";
import { programOf } from "./compiler.ts";

// Reads the docstrings of everything that the entries of the package export.

/** An exported symbol, or a method or an option of an exported interface. */
export interface Documented {
  /** Its name as an application writes it: `combine`, or `PasswordReset.drain`. */
  name: string;
  entry: string;
  /** Its source file. */
  file: string;
  kind: "value" | "method" | "option" | "port" | "type";
  /** Whether an option or a method may be left out. */
  isOptional: boolean;
  description: string;
  examples: string[];
}

/** The file with the interfaces that applications implement. */
const PORTS = "src/ports/contract.ts";
/** Names of interfaces with options. */
const OPTIONS = /Options$|^Limits$/;

/** Returns everything that is exported, each once, under the first entry that exports it. */
export function readDocstrings(): Documented[] {
  const program = programOf(entries.map(({ source }) => join(root, source)));
  const checker = program.getTypeChecker();
  const found = new Map<ts.Symbol, Documented[]>();

  const describe = (symbol: ts.Symbol, name: string, entry: string, file: string, kind: Documented["kind"]) => ({
    name,
    entry,
    file,
    kind,
    isOptional: Boolean(symbol.flags & ts.SymbolFlags.Optional),
    description: ts.displayPartsToString(symbol.getDocumentationComment(checker)),
    examples: symbol
      .getJsDocTags(checker)
      .filter((tag) => tag.name === "example")
      .map(({ text }) => ts.displayPartsToString(text)),
  });

  for (const { name: entry, source } of entries) {
    const file = program.getSourceFile(join(root, source));
    const module = file && checker.getSymbolAtLocation(file);
    if (!module) throw new Error(`${source} is not a module`);
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const declaration = symbol.declarations?.[0];
      if (!declaration || found.has(symbol)) continue;
      const path = declaration.getSourceFile().fileName.slice(root.length + 1);
      const type = checker.getDeclaredTypeOfSymbol(symbol);
      const isValue = Boolean(symbol.flags & ts.SymbolFlags.Value);
      const methods = ts.isInterfaceDeclaration(declaration)
        ? declaration.members.filter(ts.isMethodSignature).map((method) => checker.getSymbolAtLocation(method.name))
        : [];
      const options = ts.isInterfaceDeclaration(declaration) && OPTIONS.test(exported.name) ? declaration.members : [];
      const isPort = path === PORTS && (methods.length > 0 || type.getCallSignatures().length > 0);
      const kind = isValue ? "value" : isPort ? "port" : "type";
      found.set(symbol, [
        describe(symbol, exported.name, entry, path, kind),
        ...methods
          .filter((method) => method !== undefined)
          .map((method) => describe(method, `${exported.name}.${method.name}`, entry, path, "method")),
        ...options
          .map(({ name }) => name && checker.getSymbolAtLocation(name))
          .filter((option) => option !== undefined)
          .map((option) => describe(option, `${exported.name}.${option.name}`, entry, path, "option")),
      ]);
    }
  }
  return [...found.values()].flat();
}
