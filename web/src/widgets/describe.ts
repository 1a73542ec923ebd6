/** What an input takes, in words, from its docstring and its JSON Schema. */

import type { InputSpec } from "../graph/catalogue";
import { formatJson, type Json } from "../graph/json";
import { typeText } from "../graph/types";
import type { Translate } from "../i18n";
import { showNumber } from "./numbers";
import { unwrapSchema } from "./widget";

/** Description, and below it type, limits and default: the tooltip of an input. */
export function describeInput(input: InputSpec, t: Translate): string {
  const facts = [typeText(input.type), ...limitsOf(input, t)].join(" · ");
  return input.description ? `${input.description}\n${facts}` : facts;
}

/** Limits and default, each as a short text. */
export function limitsOf(input: InputSpec, t: Translate): string[] {
  const { schema } = unwrapSchema(input.schema);
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  const low = minimum ?? exclusiveMinimum;
  const high = maximum ?? exclusiveMaximum;
  const facts: string[] = [];
  if (isNumber(low) && isNumber(high)) {
    facts.push(t("limits.between", { low: showNumber(low), high: showNumber(high) }));
  } else if (isNumber(low)) facts.push(t("limits.from", { low: showNumber(low) }));
  else if (isNumber(high)) facts.push(t("limits.to", { high: showNumber(high) }));
  if (isNumber(multipleOf)) facts.push(t("limits.step", { step: showNumber(multipleOf) }));
  if (input.required) facts.push(t("limits.required"));
  else if (isShort(schema.default)) {
    facts.push(t("limits.default", { value: showDefault(schema.default) }));
  }
  return facts;
}

const LONGEST = 40;

function isShort(value: Json | undefined): value is Json {
  return (
    value !== undefined && value !== null && value !== "" && showDefault(value).length < LONGEST
  );
}

function showDefault(value: Json): string {
  return typeof value === "string" ? value : formatJson(value);
}

function isNumber(value: Json | undefined): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}
