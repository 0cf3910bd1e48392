import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

export interface Loaded<T> {
  value: T | null;
  error: unknown;
  isLoading: boolean;
  reload: () => void;
  set: (value: T) => void;
}

/** Loads a value, and again when a dependency changes. The last value stays until then. */
export function useLoaded<T>(load: () => Promise<T>, dependencies: unknown[]): Loaded<T> {
  const [state, setState] = useState<{ value: T | null; error: unknown; isLoading: boolean }>({
    value: null,
    error: null,
    isLoading: true,
  });
  const latest = useRef(0);
  const reload = useCallback(() => {
    const current = ++latest.current;
    setState((state) => ({ ...state, isLoading: true }));
    // An older response must not replace a newer one.
    const finish = (next: { value: T | null; error: unknown }) =>
      current === latest.current && setState({ ...next, isLoading: false });
    load().then(
      (value) => finish({ value, error: null }),
      (error) => finish({ value: null, error }),
    );
  }, dependencies);
  useEffect(() => {
    reload();
    return () => void latest.current++;
  }, [reload]);
  return { ...state, reload, set: (value) => setState({ value, error: null, isLoading: false }) };
}

interface Page {
  items: readonly unknown[];
  next_cursor?: string;
}

export interface Paged<P extends Page> {
  items: P["items"][number][];
  error: unknown;
  isLoading: boolean;
  hasMore: boolean;
  /** The first page, for its totals. */
  first: P | null;
  loadMore: () => void;
}

/** A list with keyset paging, from the start when a dependency changes. */
export function usePaged<P extends Page>(
  load: (cursor: string | undefined) => Promise<P>,
  dependencies: unknown[],
): Paged<P> {
  type Item = P["items"][number];
  const empty = { items: [] as Item[], cursor: undefined as string | undefined, first: null as P | null };
  const [state, setState] = useState({ ...empty, error: null as unknown, isLoading: true });
  const latest = useRef(0);
  const next = async (items: Item[], cursor: string | undefined, first: P | null, current: number) => {
    setState((state) => ({ ...state, isLoading: true, error: null }));
    try {
      let page = await load(cursor);
      // A page may be empty although there are more.
      for (let i = 0; page.items.length === 0 && page.next_cursor && i < 20; i++) {
        if (current !== latest.current) return;
        page = await load(page.next_cursor);
      }
      if (current !== latest.current) return;
      const all = [...items, ...page.items];
      setState({ items: all, cursor: page.next_cursor, first: first ?? page, error: null, isLoading: false });
    } catch (error) {
      if (current === latest.current) setState((state) => ({ ...state, error, isLoading: false }));
    }
  };
  useEffect(() => {
    void next([], undefined, null, ++latest.current);
    return () => void latest.current++;
  }, dependencies);
  return {
    ...state,
    hasMore: state.cursor !== undefined,
    loadMore: () => void next(state.items, state.cursor, state.first, ++latest.current),
  };
}

/** Makes the browser ask before the page is left, while something would be lost. */
export function useLeaveQuestion(isNeeded: boolean): void {
  useLayoutEffect(() => {
    if (!isNeeded) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [isNeeded]);
}

/** Returns `value` after it has not changed for a time. */
export function useDebounced<T>(value: T, milliseconds: number): T {
  const [debounced, setDebounced] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setDebounced(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return debounced;
}
