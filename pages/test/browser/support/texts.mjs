// Texts of the pages, by language.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

/** Loads the texts from their sources: the tests compare what is shown with them. */
export async function loadTexts() {
  const lines = ["ru", "kk", "en"].map((language) => `
    import { ${language} as ${language}Admin } from "./admin/texts/${language}.js";
    import { ${language} as ${language}MiniApp } from "./miniapp/texts/${language}.js";
    import { more as ${language}More } from "./miniapp/texts/${language}_more.js";
    export const ${language} = { admin: ${language}Admin, miniapp: ${language}MiniApp, more: ${language}More };`);
  const bundle = await build({
    absWorkingDir: root,
    stdin: { contents: lines.join("\n"), resolveDir: root, loader: "ts" },
    bundle: true,
    format: "esm",
    write: false,
  });
  return import(`data:text/javascript;base64,${Buffer.from(bundle.outputFiles[0].contents).toString("base64")}`);
}
