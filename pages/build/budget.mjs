import { gzip } from "./compress.mjs";

/** Maximum bytes (gzip) of all files that a cold load requests. */
export const budgets = [
  { name: "divan.js", limit: 6 * 1024, files: /^divan\.js$/ },
  { name: "Mini App page", limit: 12 * 1024, files: /^(miniapp\.html|assets\/(miniapp|icon)\..*)$/ },
  { name: "admin panel", limit: 60 * 1024, files: /^(admin\.html|assets\/(admin|icon)\..*)$/ },
];

function sizes(files, budgets) {
  return budgets.map((budget) => {
    const paths = [...files.keys()].filter((path) => budget.files.test(path));
    const size = paths.reduce((sum, path) => sum + gzip(files.get(path)).length, 0);
    return { ...budget, size };
  });
}

export function overBudget(files, budgets) {
  return sizes(files, budgets)
    .filter(({ size, limit }) => size > limit)
    .map(({ name, size, limit }) => `${name}: ${size} bytes exceed the budget of ${limit}`);
}

export function report(files, budgets) {
  return sizes(files, budgets)
    .map(({ name, size, limit }) => `${name}: ${size} of ${limit} bytes (gzip)`)
    .join("\n");
}
