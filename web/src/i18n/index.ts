/** The language of the editor. Both tables are small, so both are loaded. */

import { useEditor } from "../store/store";
import { en, type TextKey } from "./en";
import { zh } from "./zh";

export type { TextKey } from "./en";
export type Locale = "en" | "zh";
export type Params = Readonly<Record<string, string | number>>;
export type Translate = (key: TextKey, params?: Params) => string;

const TABLES: Readonly<Record<Locale, Readonly<Record<TextKey, string>>>> = { en, zh };

function translator(locale: Locale): Translate {
  return (key, params) =>
    TABLES[locale][key].replace(/\{(\w+)\}/g, (all, name: string) => String(params?.[name] ?? all));
}

const TRANSLATORS: Readonly<Record<Locale, Translate>> = {
  en: translator("en"),
  zh: translator("zh"),
};

/** For components: they are drawn again when the language changes. */
export const useText = (): Translate => TRANSLATORS[useEditor((state) => state.locale)];

/** For code outside React. */
export const text: Translate = (key, params) =>
  TRANSLATORS[useEditor.getState().locale](key, params);
