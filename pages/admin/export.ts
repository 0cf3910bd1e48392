import type { Client } from "../client/divan.js";
import { api, type User, type UserFilter } from "./api.js";

const COLUMNS = [
  "id",
  "full_name",
  "role",
  "phone",
  "email",
  "telegram_id",
  "telegram_username",
  "external_id",
  "is_active",
  "password_change_required",
  "created_at",
  "last_login_at",
] as const satisfies readonly (keyof User)[];

/** Downloads the users that match as CSV. */
export async function exportUsers(client: Client, filter: UserFilter, onProgress: (n: number) => void): Promise<void> {
  const users: User[] = [];
  let cursor: string | undefined;
  do {
    const page = await api.searchUsers(client, { ...filter, limit: 200, ...(cursor && { cursor }) });
    users.push(...page.items);
    onProgress(users.length);
    cursor = page.next_cursor;
  } while (cursor);
  download(csv(users), `users-${new Date().toISOString().slice(0, 10)}.csv`);
}

/** Returns the users as CSV (RFC 4180), with the byte order mark that spreadsheets expect. */
export function csv(users: readonly User[]): string {
  const lines = users.map((user) => COLUMNS.map((column) => cell(user[column])));
  return `\uFEFF${[COLUMNS, ...lines].map((line) => line.join(",")).join("\r\n")}\r\n`;
}

function cell(value: unknown): string {
  let text = value === undefined || value === null ? "" : String(value);
  // A spreadsheet would run a name such as `=1+1` as a formula; a phone number is not one.
  if (/^[=@\t\r-]/.test(text) || (text.startsWith("+") && !/^\+\d+$/.test(text))) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function download(text: string, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
