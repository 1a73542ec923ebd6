/** A picture; small ones keep their pixels sharp when they are shown large. */

import { useState } from "react";

const SMALL = 256;

interface PixelsProps {
  readonly src: string;
  readonly alt: string;
  readonly className?: string;
  readonly lazy?: boolean;
}

export function Pixels({ src, alt, className, lazy }: PixelsProps) {
  const [small, setSmall] = useState(false);
  const classes = [className, small && "sharp"].filter(Boolean).join(" ");
  return (
    <img
      src={src}
      alt={alt}
      draggable={false}
      {...(classes && { className: classes })}
      {...(lazy && { loading: "lazy" as const })}
      onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
        setSmall(Math.max(naturalWidth, naturalHeight) <= SMALL)
      }
    />
  );
}
