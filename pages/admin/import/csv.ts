import type { ImportedPassword } from "../api.js";

const COLUMNS = ["phone", "email", "name", "password"];

const values = ({ phone, email, full_name, password }: ImportedPassword): string[] =>
  [phone ?? "", email ?? "", full_name, password];

/** The generated passwords as CSV (RFC 4180), with the byte order mark that spreadsheets expect. */
export function passwordsCsv(passwords: readonly ImportedPassword[]): string {
  const lines = passwords.map((user) => values(user).map(cell).join(","));
  return `\uFEFF${[COLUMNS.join(","), ...lines].join("\r\n")}\r\n`;
}

/** The generated passwords as text that a spreadsheet pastes into cells. */
export function passwordsText(passwords: readonly ImportedPassword[]): string {
  return passwords.map((user) => values(user).map((text) => disarmed(text.replace(/\s/g, " "))).join("\t")).join("\n");
}

function cell(value: string): string {
  const text = disarmed(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A spreadsheet would run a name such as `=1+1` as a formula; a phone number is not one. */
function disarmed(text: string): string {
  const isFormula = /^[=@\t\r-]/.test(text) || (text.startsWith("+") && !/^\+\d+$/.test(text));
  return isFormula ? `'${text}` : text;
}
