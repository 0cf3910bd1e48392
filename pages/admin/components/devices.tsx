import { useState } from "preact/hooks";
import { deviceName } from "../../shared/device_name.js";
import type { SessionInfo } from "../api.js";
import { usePanel } from "../context.js";
import { Confirm } from "./dialog.js";
import { LoadError, Skeleton, Time } from "./status.js";

interface Item {
  id: string;
  device: string | undefined;
  time: string;
  address?: string | undefined;
  isCurrent?: boolean;
}

export const sessionItem = ({ id, device, refreshed_at, address, is_current }: SessionInfo): Item =>
  ({ id, device, time: refreshed_at, address, isCurrent: is_current });

interface Props {
  title: string;
  hint?: string;
  empty: string;
  items: Item[] | undefined;
  loaded: { error: unknown; reload: () => void };
  /** Removes an item; without it, the list only shows. */
  remove?: (id: string) => Promise<unknown>;
  action?: "endSession" | "removeDevice";
}

/** Sessions or known devices. */
export function Devices({ title, hint, empty, items, loaded, remove, action = "endSession" }: Props) {
  const { texts } = usePanel();
  const [asked, setAsked] = useState<Item | null>(null);
  const name = (item: Item) => deviceName(item.device) ?? texts.unknownDevice;
  return (
    <section class="card padded">
      <h2>{title}</h2>
      {hint && <p class="note">{hint}</p>}
      {loaded.error ? <LoadError error={loaded.error} retry={loaded.reload} /> : null}
      {!items && !loaded.error && <Skeleton rows={2} />}
      {items?.length === 0 && <p class="hint">{empty}</p>}
      <ul class="devices">
        {items?.map((item) => (
          <li key={item.id}>
            <span>
              <b title={item.device}>{name(item)}</b> {item.isCurrent && <span class="badge good">{texts.current}</span>}
              <span class="note"><Time value={item.time} />{item.address && ` · ${item.address}`}</span>
            </span>
            {remove && !item.isCurrent && (
              <button type="button" class="link danger" onClick={() => setAsked(item)}>{texts[action].button}</button>
            )}
          </li>
        ))}
      </ul>
      {asked && remove && (
        <Confirm action={texts[action]} name={name(asked)} isDanger onClose={() => setAsked(null)} run={async () => {
          await remove(asked.id);
          setAsked(null);
          loaded.reload();
        }} />
      )}
    </section>
  );
}
