/** A docstring as people read it: paragraphs, and names in ``backquotes`` set apart. */

export function Docs({ text }: { text: string }) {
  const paragraphs = text.split(/\n\s*\n/).filter((paragraph) => paragraph.trim());
  return (
    <div className="docs">
      {paragraphs.map((paragraph, index) => (
        <p key={index}>
          <Words text={paragraph.replace(/\s+/g, " ").trim()} />
        </p>
      ))}
    </div>
  );
}

/** One run of text; every second part is between backquotes. */
export function Words({ text }: { text: string }) {
  return text
    .split(/``|`/)
    .map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part));
}
