import { usePanel } from "../context.js";
import type { Route } from "../router.js";
import { ServicePage } from "./service.js";
import { Services } from "./services.js";
import { WebhookPage } from "./webhook.js";
import { Webhooks } from "./webhooks.js";

/** The screens that are loaded when one of them is first opened. */
export function More({ route }: { route: Route }) {
  const [section, id] = route.path;
  if (section === "services") return id ? <ServicePage id={id} /> : <Services />;
  return <WebhookScreens id={id} />;
}

function WebhookScreens({ id }: { id: string | undefined }) {
  const { texts, webhooks } = usePanel();
  const { value, error, isLoading } = webhooks;
  if (!value && !error && !isLoading) return <div class="empty"><p>{texts.notFound}</p></div>;
  return id ? <WebhookPage id={id} /> : <Webhooks />;
}
