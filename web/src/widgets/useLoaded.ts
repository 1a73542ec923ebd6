/** What the server has, as a list to pick from. */

import { useEffect, useState } from "react";

/**
 * Null until it is there; empty if the server does not tell. It is asked again for another
 * `key`, and an answer that comes after that, or after the component went, is left out.
 */
export function useLoaded<T>(load: (key: string) => Promise<readonly T[]>, key = "") {
  const [loaded, setLoaded] = useState<readonly T[] | null>(null);
  useEffect(() => {
    let gone = false;
    setLoaded(null);
    load(key).then(
      (found) => gone || setLoaded(found),
      () => gone || setLoaded([]),
    );
    return () => {
      gone = true;
    };
  }, [load, key]);
  return loaded;
}
