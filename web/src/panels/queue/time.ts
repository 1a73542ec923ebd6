/** Times for people. */

import { useEditor } from "../../store/store";

const STEPS: readonly [unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];
const MONTH = 30 * 86400;

/** `5 minutes ago`, or the date if it is long ago; of seconds since the epoch. */
export function useAgo(): (time: number) => string {
  const locale = useEditor((state) => state.locale);
  return (time) => ago(time, locale, Date.now() / 1000);
}

export function ago(time: number, locale: string, now: number): string {
  const passed = Math.max(0, now - time);
  if (passed > MONTH) {
    return new Date(time * 1000).toLocaleDateString(locale, { dateStyle: "medium" });
  }
  const format = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const [unit, seconds] = STEPS.find(([, length]) => passed >= length) ?? (["second", 1] as const);
  return format.format(unit === "second" ? 0 : -Math.floor(passed / seconds), unit);
}

/** Size of a file for people. */
export function bytesText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value >= 10 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
