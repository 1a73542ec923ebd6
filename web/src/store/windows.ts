/**
 * Several windows of the editor keep their tabs apart. A window holds a lock on its id, so that
 * the next one can tell which tabs are left over from a window that was closed or crashed.
 */

const MINE = "graphgen.window";
const LOCK = "graphgen.window.";
/** How long a window that is being reloaded may take to let go, in milliseconds. */
const LET_GO = 1500;
/** How long windows have to answer where the browser has no locks, in milliseconds. */
const ANSWER = 300;

/**
 * The id of this window: its own from before a reload, else the first of `left`, which is
 * ordered by preference, that no window holds, else a new one.
 */
export async function claimWindow(
  left: readonly string[],
): Promise<{ id: string; reloaded: boolean }> {
  const before = remembered();
  const reloaded = before !== null && (await hold(before, LET_GO));
  const mine = reloaded ? before : await firstOf(left);
  try {
    sessionStorage.setItem(MINE, mine);
  } catch {
    // Without storage there are no tabs to keep apart either.
  }
  return { id: mine, reloaded };
}

/** Whether a window's tabs are left over; if so they are held for this window. */
export function isLeftOver(id: string): Promise<boolean> {
  return hold(id, 0);
}

async function firstOf(left: readonly string[]): Promise<string> {
  for (const id of left) if (await hold(id, 0)) return id;
  const fresh = `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 6)}`;
  await hold(fresh, 0);
  return fresh;
}

function remembered(): string | null {
  try {
    return sessionStorage.getItem(MINE);
  } catch {
    return null;
  }
}

/** Holds an id as long as this window lives; false if another window does. */
function hold(id: string, patience: number): Promise<boolean> {
  return navigator.locks ? holdLock(id, patience) : holdByAnswering(id);
}

function holdLock(id: string, patience: number): Promise<boolean> {
  const options = patience > 0 ? { signal: AbortSignal.timeout(patience) } : { ifAvailable: true };
  return new Promise((resolve) => {
    navigator.locks
      .request(LOCK + id, options, (lock) => {
        resolve(lock !== null);
        return lock ? new Promise(() => {}) : undefined;
      })
      .catch(() => resolve(false));
  });
}

/** Browsers give locks to safe pages only, and plain HTTP to another machine is none. */
async function holdByAnswering(id: string): Promise<boolean> {
  const channel = new BroadcastChannel(LOCK + id);
  const held = await new Promise<boolean>((resolve) => {
    channel.onmessage = ({ data }) => data === "held" && resolve(true);
    channel.postMessage("who");
    setTimeout(() => resolve(false), ANSWER);
  });
  if (held) {
    channel.close();
    return false;
  }
  channel.onmessage = ({ data }) => data === "who" && channel.postMessage("held");
  return true;
}
