/** Node types by category, as the palette lists them. */

import { readable } from "../../graph/catalogue";
import type { Offer } from "../search/find";

export interface Category {
  readonly name: string;
  readonly title: string;
  readonly offers: readonly Offer[];
}

/** Categories and what is in them, both by name. */
export function byCategory(offers: readonly Offer[]): Category[] {
  const groups = new Map<string, Offer[]>();
  for (const offer of offers) {
    const known = groups.get(offer.spec.category);
    if (known) known.push(offer);
    else groups.set(offer.spec.category, [offer]);
  }
  const title = (name: string) => name.split("/").map(readable).join(" / ");
  return [...groups]
    .map(([name, list]) => ({
      name,
      title: title(name),
      offers: list.sort((a, b) => a.spec.title.localeCompare(b.spec.title)),
    }))
    .sort((a, b) => a.title.localeCompare(b.title));
}
