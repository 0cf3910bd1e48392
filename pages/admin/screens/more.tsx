import type { Route } from "../router.js";
import { ServicePage } from "./service.js";
import { Services } from "./services.js";

/** The screens that are loaded when one of them is first opened. */
export function More({ route }: { route: Route }) {
  const [, id] = route.path;
  return id ? <ServicePage id={id} /> : <Services />;
}
