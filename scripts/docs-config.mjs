// Writes docs/configuration.md from the schema of the configuration.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toDocument } from "../src/config/document.ts";

const docs = join(import.meta.dirname, "..", "docs");
mkdirSync(docs, { recursive: true });
writeFileSync(join(docs, "configuration.md"), toDocument());
