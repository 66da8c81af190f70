import Database from "libsql";
import { fileDatabase } from "./database.ts";

/** The application's database on Node: a file, or ":memory:". */
export const openDatabase = (file: string) => fileDatabase(new Database(file));
