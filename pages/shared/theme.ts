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
  const [r, g, b] = channels(color);
  return Math.sqrt(0.299 * r * r + 0.587 * g * g + 0.114 * b * b) < 120;
}

/** Custom properties of the style sheet, and the names of Telegram's colours in order of preference. */
const PROPERTIES: Record<string, string[]> = {
  page: ["secondary_bg_color", "bg_color"],
  card: ["section_bg_color", "bg_color"],
  text: ["text_color"],
  line: ["section_separator_color"],
  hint: ["subtitle_text_color", "hint_color"],
  accent: ["accent_text_color", "link_color", "button_color"],
  danger: ["destructive_text_color"],
};

/** Properties that are the colour of a text, on `card` or `page`. */
const TEXTS = new Set(["text", "hint", "accent", "danger"]);

/** Returns the values of the style sheet's custom properties. */
export function properties(theme: Theme): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [property, names] of Object.entries(PROPERTIES)) {
    const name = names.find((name) => theme[name]);
    if (name) values[property] = theme[name] as string;
  }
  const { page, card, text } = values;
  if (!page || !card || !text) return values;
  for (const property of TEXTS) {
    const color = values[property];
    if (color) values[property] = readable(color, [page, card], text);
  }
  return values;
}

/** Mixes a colour with the text colour until its contrast is 4.5 (WCAG AA) on all backgrounds. */
export function readable(color: string, backgrounds: string[], text: string): string {
  for (let share = 0; share < 1; share += 0.1) {
    const mixed = mix(color, text, share);
    if (backgrounds.every((background) => contrast(mixed, background) >= 4.5)) return mixed;
  }
  return text;
}

/** Sets the theme of the page. */
export function applyTheme(theme: Theme, element: HTMLElement): void {
  for (const [property, value] of Object.entries(properties(theme))) {
    element.style.setProperty(`--${property}`, value);
  }
  const background = theme["bg_color"];
  if (background) element.dataset["scheme"] = isDark(background) ? "dark" : "light";
}

function channels(color: string): [number, number, number] {
  const channel = (at: number) => parseInt(color.slice(at, at + 2), 16);
  return [channel(1), channel(3), channel(5)];
}

function mix(color: string, other: string, share: number): string {
  const target = channels(other);
  const mixed = channels(color).map((value, i) => value + ((target[i] ?? 0) - value) * share);
  return `#${mixed.map((value) => Math.round(value).toString(16).padStart(2, "0")).join("")}`;
}

function contrast(first: string, second: string): number {
  const [high = 0, low = 0] = [luminance(first), luminance(second)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

function luminance(color: string): number {
  const [r, g, b] = channels(color).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (r ?? 0) + 0.7152 * (g ?? 0) + 0.0722 * (b ?? 0);
}
