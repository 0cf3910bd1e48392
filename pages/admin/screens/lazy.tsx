import { DivanError } from "../../client/error.js";
import { importAgain } from "../../shared/import.js";
import { LoadError, Skeleton } from "../components/status.js";
import { useLoaded } from "../hooks.js";
import type { Route } from "../router.js";

/** A screen that is not part of the first load of the panel. */
export function Lazy({ route }: { route: Route }) {
  const { value, error, reload } = useLoaded(loadScreens, []);
  if (error) return <LoadError error={error} retry={reload} />;
  return value ? <value.More route={route} /> : <Skeleton />;
}

const load = () => import("./more.js");

const loadScreens = (): ReturnType<typeof load> =>
  load().catch(() => importAgain(load)).catch(() => {
    throw new DivanError("screen_unavailable");
  });
