import type { ImportedPassword } from "../api.js";

const COLUMNS = ["phone", "email", "name", "password"];

const values = ({ phone, email, full_name, password }: ImportedPassword): string[] =>
  [phone ?? "", email ?? "", full_name, password];

/** The generated passwords as CSV (RFC 4180), with the byte order mark that spreadsheets expect. */
export function passwordsCsv(passwords: readonly ImportedPassword[]): string {
  const lines = [COLUMNS, ...passwords.map(values)].map((cells) => `${cells.map(cell).join(",")}\r\n`);
  return `\uFEFF${lines.join("")}`;
}

/** The generated passwords as text that a spreadsheet pastes into cells. */
export function passwordsText(passwords: readonly ImportedPassword[]): string {
  return passwords.map((user) => values(user).map((text) => disarmed(text.replace(/\s/g, " "))).join("\t")).join("\n");
}

const cell = (value: string): string => `"${disarmed(value).replaceAll('"', '""')}"`;

/**
 * A spreadsheet would run a name such as `=1+1` as a formula; a phone number is not one. One that
 * separates cells by `;` (Russian and Kazakh) splits quoted cells too, except the first of a line.
 */
function disarmed(text: string): string {
  const isFormula = /^[=@\t\r-]/.test(text) || (text.startsWith("+") && !/^\+\d+$/.test(text));
  return (isFormula ? `'${text}` : text).replace(/([;\t\r\n][\s"]*)(?=[=+@-])/g, "$1'");
}
