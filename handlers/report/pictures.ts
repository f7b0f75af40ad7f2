// The style of the pictures for the phone: light background, large type, lines distinguished by colour and dash. Their
// text is Latin letters and digits only, because the bundled font has no Japanese; the message carries the words.
import { element } from "../../lib/core/svg.ts";
import { CHARACTER_WIDTH, FONT_FAMILY, renderPng } from "../../lib/io/png.ts";
import type { Frame } from "./chartParts.ts";

/** Pixels of the picture for each unit of the drawing: sharp on a phone's dense screen. */
const PIXELS_PER_UNIT = 2;

const STYLE = `
text{font-family:"${FONT_FAMILY}";font-size:15px;fill:#40474f}
.title{font-size:21px;font-weight:700;fill:#1d2126}.sub{font-size:15px;fill:#626a73}
.tick{font-size:14px;fill:#626a73}.tick.strong{fill:#1d2126;font-weight:700}
.grid{stroke:#ebe8e2;stroke-width:1}.day{stroke:#cfcac0;stroke-width:1}.zero{stroke:#626a73;stroke-dasharray:3 4}
line.up,rect.up{stroke:#0b7d69}line.down,rect.down{stroke:#9aa3ad}line.up,line.down{stroke-width:1.4}
rect.up{fill:#fff;stroke-width:1.4}rect.down{fill:#9aa3ad;stroke-width:1.4}
.price{fill:none;stroke:#40474f;stroke-width:1.6}
.news{fill:#f6dfa8;fill-opacity:.6}.newsLine{stroke:#a5670a;stroke-width:1.5;stroke-dasharray:2 3}.newsTag{font-size:13px;font-weight:700;fill:#8a5606}
.band{fill:#2f5fd0;fill-opacity:.1}.now{stroke:#1d2126;stroke-width:1}.nowTag{font-size:13px;fill:#1d2126}
.line{fill:none;stroke-width:2.4}.lead{fill:none;stroke-width:1.2;stroke-opacity:.6}
.level{font-size:15px;font-weight:700}
.entry{stroke:#2f5fd0;fill:#2f5fd0}.stop{stroke:#c2410c;fill:#c2410c;stroke-dasharray:9 5}
.tp1{stroke:#0b7d69;fill:#0b7d69;stroke-dasharray:2 5}.tp2{stroke:#0b7d69;fill:#0b7d69;stroke-dasharray:12 4 2 4}
text.entry,text.stop,text.tp1,text.tp2{stroke:none}path.line,path.lead{fill:none}path.lead{stroke-dasharray:none}
.gainBox{fill:#0b7d69;fill-opacity:.1}.riskBox{fill:#c2410c;fill-opacity:.1}
.equity{fill:none;stroke:#2f5fd0;stroke-width:2.6;stroke-linejoin:round}.area{fill:#2f5fd0;fill-opacity:.12}.dot{fill:#2f5fd0}
.fall{fill:#c2410c;fill-opacity:.12}
`.replaceAll("\n", "");

/** Number of time-axis labels ("18:00") that fit beside each other with space between. */
export const timeLabels = (frame: Pick<Frame, "width" | "left" | "right">): number =>
  Math.floor((frame.width - frame.left - frame.right) / (5 * CHARACTER_WIDTH * 14 + 22));

/** A whole picture from its drawing: background, style and scale. */
export const picture = (frame: Pick<Frame, "width" | "height">, children: readonly string[]): Uint8Array =>
  renderPng(
    element(
      "svg",
      {
        xmlns: "http://www.w3.org/2000/svg",
        width: frame.width,
        height: frame.height,
        viewBox: `0 0 ${frame.width} ${frame.height}`,
      },
      [
        `<style>${STYLE}</style>`,
        element("rect", { x: 0, y: 0, width: frame.width, height: frame.height, fill: "#ffffff" }),
        ...children,
      ].join(""),
    ),
    frame.width * PIXELS_PER_UNIT,
  );
