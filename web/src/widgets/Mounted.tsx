/** Places in which modules of packs draw; what goes wrong in them stays in them. */

import { useEffect, useRef, useState } from "react";
import type { Drawing, ModuleWidget, ModuleWidgetProps, Mount } from "./modules";
import type { Widget, WidgetProps } from "./widget";

interface MountedProps<Props> {
  readonly mount: Mount<Props>;
  readonly props: Props;
  readonly className: string;
}

export function Mounted<Props>({ mount, props, className }: MountedProps<Props>) {
  const place = useRef<HTMLDivElement>(null);
  const drawing = useRef<{ made: Drawing<Props> | undefined; mount: Mount<Props> } | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  useEffect(() => {
    const element = place.current;
    if (!element) return;
    attempt(setProblem, () => {
      const known = drawing.current;
      if (known?.mount === mount && known.made?.update) {
        known.made.update(props);
        return;
      }
      known?.made?.destroy?.();
      element.replaceChildren();
      drawing.current = { made: mount(element, props) ?? undefined, mount };
    });
  }, [mount, props]);

  useEffect(
    () => () => {
      attempt(
        () => {},
        () => drawing.current?.made?.destroy?.(),
      );
      drawing.current = null;
    },
    [],
  );
  return (
    <>
      <div ref={place} className={className} hidden={problem !== null} />
      {problem !== null && (
        <p className="mounted-problem" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}

function attempt(tell: (problem: string | null) => void, act: () => void): void {
  try {
    act();
  } catch (error) {
    console.error(error);
    tell(error instanceof Error ? error.message : String(error));
  }
}

/** A module's widget as the registry takes it. */
export function mountedWidget(name: string, { height, mount }: ModuleWidget): Widget {
  function ModuleField({ id, label, value, schema, nullable, onChange }: WidgetProps) {
    const [props, setProps] = useState<ModuleWidgetProps>({
      id,
      label,
      value,
      schema,
      nullable,
      onChange,
    });
    // One object for equal props, so that it is updated only when there is news.
    const now = { id, label, value, schema, nullable, onChange };
    const same = (Object.keys(now) as (keyof typeof now)[]).every((key) => now[key] === props[key]);
    if (!same) setProps(now);
    return (
      <div className="nodrag nowheel" data-widget={id} data-module={name}>
        <Mounted mount={mount} props={props} className="mounted" />
      </div>
    );
  }
  return {
    name,
    suits: (_, schema) => schema.widget === name,
    height: typeof height === "number" && height > 0 ? height : 32,
    Component: ModuleField,
  };
}
