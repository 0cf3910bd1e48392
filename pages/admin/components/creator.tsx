import { api } from "../api.js";
import { usePanel } from "../context.js";
import { useLoaded } from "../hooks.js";
import { Person } from "./events.js";

/** The administrator who created something; without an id, the command line did. */
export function Creator({ id }: { id: string | undefined }) {
  const { client, texts } = usePanel();
  const user = useLoaded(async () => (id ? api.getUser(client, id) : null), [id]);
  if (!id) return <span class="hint">{texts.commandLine}</span>;
  return user.isLoading ? <>…</> : <Person id={id} name={user.value?.full_name} />;
}
