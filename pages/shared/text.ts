/** Replaces `{name}` in a text. */
export function fill(text: string, values: Record<string, string | number | undefined>): string {
  return text.replace(/\{(\w+)\}/g, (placeholder, name) => String(values[name] ?? placeholder));
}

/** Removes white space around a pasted generated password. */
export function trimGenerated(password: string): string {
  const trimmed = password.trim();
  return /^[a-z0-9]{4}(-[a-z0-9]{4})+$/.test(trimmed) ? trimmed : password;
}
