let retries = 0;

/** Imports a module by another address: Chromium keeps the failure of the first one until the page is loaded again. */
export function importAgain<T>(load: () => Promise<T>): Promise<T> {
  const [, address] = /import\("(.+?)"/.exec(String(load)) ?? [];
  return import(`${address}?retry=${++retries}`);
}
