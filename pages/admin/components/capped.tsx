import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { usePanel } from "../context.js";

const FIRST = 100;
const MORE = 1000;

interface Props<T> {
  items: readonly T[];
  children: (item: T, index: number) => ComponentChildren;
}

/** Rows of a table, the first hundred at first: a file can have tens of thousands. */
export function Capped<T>({ items, children }: Props<T>) {
  const { texts } = usePanel();
  const [limit, setLimit] = useState(FIRST);
  return (
    <tbody>
      {items.slice(0, limit).map(children)}
      {items.length > limit && (
        <tr><td colSpan={9}>
          <button type="button" class="link" onClick={() => setLimit(limit + MORE)}>
            {texts.more} ({(items.length - limit).toLocaleString("ru")})
          </button>
        </td></tr>
      )}
    </tbody>
  );
}
