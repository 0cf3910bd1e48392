/** Colours of the Telegram client by the names of its `themeParams`. */
export type Theme = Readonly<Record<string, string>>;

/** Adds the valid colours of `params` to `previous`. */
export function themeOf(params: unknown, previous: Theme): Theme {
  const theme: Record<string, string> = { ...previous };
  for (const [name, value] of Object.entries(params ?? {})) {
    // Values become part of the style sheet, so only colours pass.
    if (/^[a-z_]{1,40}$/.test(name) && /^#[0-9a-f]{6}$/i.test(String(value))) {
      theme[name] = String(value).toLowerCase();
    }
  }
  // Telegram for iOS reports the same colour for page and sections in one of its themes.
  if (theme["bg_color"] === "#1c1c1d" && theme["secondary_bg_color"] === "#1c1c1d") {
    theme["secondary_bg_color"] = "#2c2c2e";
  }
  return theme;
}

/** Whether a colour is dark; the weights are those of perceived brightness. */
export function isDark(color: string): boolean {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  return Math.sqrt(0.299 * r * r + 0.587 * g * g + 0.114 * b * b) < 120;
}

/** Sets the theme as custom properties `--tg-…` and the colour scheme of the page. */
export function applyTheme(theme: Theme, element: HTMLElement): void {
  for (const [name, color] of Object.entries(theme)) {
    element.style.setProperty(`--tg-${name.replaceAll("_", "-")}`, color);
  }
  if (theme["bg_color"]) element.dataset["scheme"] = isDark(theme["bg_color"]) ? "dark" : "light";
}
