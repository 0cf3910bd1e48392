import type { ImportEvent } from "../api.js";

/** Reads the lines of a response (`application/x-ndjson`) as they arrive. */
export async function* importEvents(response: Response): AsyncGenerator<ImportEvent> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value = "", done } = (await reader?.read()) ?? { done: true };
    const lines = (rest + value).split("\n");
    rest = done ? "" : (lines.pop() ?? "");
    // A line that broke off is not an event.
    for (const line of lines) if (line.trim() !== "" && isComplete(line)) yield JSON.parse(line);
    if (done) return;
  }
}

function isComplete(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
