import { gzip } from "./compress.mjs";

const LANGUAGES = ["en", "ru", "kk"];

/** Maximum bytes (gzip) of all files that a cold load requests. */
export const budgets = [
  { name: "divan.js", limit: 6 * 1024, load: () => ["divan.js"] },
  { name: "Mini App page", limit: 12 * 1024, load: (files) => page(files, "miniapp") },
  { name: "admin panel", limit: 60 * 1024, load: (files) => page(files, "admin") },
];

/** The page, what it refers to, and the largest of its languages. */
function page(files, name) {
  const html = files.get(`${name}.html`).toString();
  const languages = LANGUAGES.flatMap((language) =>
    [...files.keys()].filter((path) => path.startsWith(`assets/${name}-${language}.`)),
  );
  languages.sort((a, b) => size(files, b) - size(files, a));
  return [`${name}.html`, ...html.match(/assets\/[^"]+/g), ...languages.slice(0, 1)];
}

const size = (files, path) => gzip(files.get(path)).length;

function sizes(files, budgets) {
  return budgets.map((budget) => ({
    ...budget,
    size: budget.load(files).reduce((sum, path) => sum + size(files, path), 0),
  }));
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
