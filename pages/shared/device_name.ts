const SYSTEMS: [RegExp, string][] = [
  [/iPhone|iPad/, "iOS"],
  [/Android/, "Android"],
  [/Windows/, "Windows"],
  [/Macintosh|Mac OS X/, "macOS"],
  [/CrOS/, "ChromeOS"],
  [/Linux/, "Linux"],
];

const PROGRAMS: [RegExp, string][] = [
  [/Telegram/i, "Telegram"],
  [/Edg\w*\//, "Edge"],
  [/OPR\//, "Opera"],
  [/YaBrowser\//, "Yandex"],
  [/Firefox\/|FxiOS/, "Firefox"],
  [/Chrome\/|CriOS/, "Chrome"],
  [/Safari\//, "Safari"],
  [/^(curl|[\w-]+)\//, "$1"],
];

/** Returns a short name of the device for its `User-Agent`, such as "Firefox, Linux". */
export function deviceName(userAgent: string | undefined): string | null {
  if (!userAgent) return null;
  const name = (list: [RegExp, string][]) => {
    for (const [pattern, name] of list) {
      const match = pattern.exec(userAgent);
      if (match) return name.replace("$1", match[1] ?? "");
    }
    return null;
  };
  const program = userAgent.startsWith("Mozilla/")
    ? name(PROGRAMS.slice(0, -1))
    : name(PROGRAMS.slice(-1));
  return [program, name(SYSTEMS)].filter(Boolean).join(", ") || userAgent.slice(0, 60);
}
