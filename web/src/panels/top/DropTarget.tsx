/** Files dropped anywhere on the window open as workflows, unless what is below takes them. */

import { useEffect, useState } from "react";
import { openFiles, openFolder } from "../../actions/file";
import { useText } from "../../i18n";
import { droppedFolder } from "../../widgets/folders";

export function DropTarget() {
  const t = useText();
  const [over, setOver] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const onDragOver = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      const taken = event.defaultPrevented;
      event.preventDefault();
      setOver(!taken);
      // There is no event for a drag that ends somewhere else.
      clearTimeout(timer);
      timer = setTimeout(() => setOver(false), 300);
    };
    const onDrop = (event: DragEvent) => {
      setOver(false);
      const files = [...(event.dataTransfer?.files ?? [])];
      if (event.defaultPrevented || files.length === 0) return;
      event.preventDefault();
      const isFolder = [...(event.dataTransfer?.items ?? [])].some(
        (item) => item.webkitGetAsEntry()?.isDirectory,
      );
      if (isFolder) void droppedFolder(event.dataTransfer)?.then(openFolder);
      else void openFiles(files);
    };
    window.addEventListener("dragover", onDragOver);
    window.addEventListener("drop", onDrop);
    return () => {
      clearTimeout(timer);
      window.removeEventListener("dragover", onDragOver);
      window.removeEventListener("drop", onDrop);
    };
  }, []);
  return over && <div className="drop-target">{t("doc.drop")}</div>;
}
