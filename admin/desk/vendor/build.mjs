/* Bundles what the desk's page takes from npm: `make vendor`, at development time only.
 *
 * Owns: ../static/vendor/. Must not: be needed by a machine that runs Centralita: what it writes is committed.
 */

import { createHash } from "node:crypto";
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const OUT = new URL("../static/vendor/", import.meta.url);
const lock = JSON.parse(readFileSync(new URL("package-lock.json", import.meta.url), "utf-8"));
const { dependencies } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf-8"));

const shipped = Object.entries(lock.packages)
  .filter(([path, { dev }]) => path !== "" && !dev)
  .map(([path, { version }]) => ({ name: path.replace("node_modules/", ""), version, folder: path }));

function licence(folder) {
  const here = new URL(`${folder}/`, import.meta.url);
  const file = readdirSync(here).find((name) => /^licen[cs]e/i.test(name));
  if (file === undefined) throw new Error(`${folder}: no licence file`);
  return readFileSync(new URL(file, here), "utf-8").trim();
}

for (const name of readdirSync(OUT)) rmSync(new URL(name, OUT));
const manifest = [];
for (const [name, version] of Object.entries(dependencies)) {
  const file = `${name}-${version}.js`;
  const { outputFiles } = await build({
    entryPoints: [new URL(`${name}.js`, import.meta.url).pathname],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    banner: { js: `/* ${name} ${version} and what it needs, bundled by \`make vendor\`. Licences: ${name}-${version}.LICENSES.txt */` },
    write: false,
  });
  const content = outputFiles[0].contents;
  writeFileSync(new URL(file, OUT), content);
  const licences = shipped.map((one) => `${one.name} ${one.version}\n\n${licence(one.folder)}`);
  writeFileSync(new URL(`${name}-${version}.LICENSES.txt`, OUT), licences.join(`\n\n${"=".repeat(72)}\n\n`) + "\n");
  const parts = Object.fromEntries(shipped.map((one) => [one.name, one.version]));
  manifest.push({ name, version, file, sha256: createHash("sha256").update(content).digest("hex"), parts });
}
writeFileSync(new URL("manifest.json", OUT), JSON.stringify(manifest, null, 2) + "\n");
