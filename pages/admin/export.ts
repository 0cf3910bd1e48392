import type { Client } from "../client/divan.js";
import { DivanError } from "../client/error.js";
import { readProblem } from "../client/problem.js";
import { base } from "./server.js";

/** Downloads all users as CSV. */
export async function exportUsers(client: Client): Promise<void> {
  const response = await client.fetch(new URL("auth/admin/users/export", base), { headers: { Accept: "text/csv" } });
  if (!response.ok) throw await readProblem(response);
  // A connection that ends before the body does: the export is incomplete.
  const content = await response.blob().catch(() => {
    throw new DivanError("network");
  });
  download(content, `users-${new Date().toISOString().slice(0, 10)}.csv`);
}

/** Saves a file on the viewer's device. */
export function download(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
