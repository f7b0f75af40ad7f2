// The only access to the picture renderer: SVG in, PNG out. Uses no system fonts, only one bundled font (Roboto Mono,
// OFL-1.1), so that the same chart has the same bytes on every server of one kind. Loaded at the first picture only;
// where its binary is missing the caller gets an error and the program continues.
import { createRequire } from "node:module";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type * as Renderer from "@resvg/resvg-js";
import { AppError } from "../core/errors.ts";

const require = createRequire(import.meta.url);
/**
 * The font family the SVG must name. Every character is this share of the font size wide, so labels can be measured.
 */
export const FONT_FAMILY = "Roboto Mono";
export const CHARACTER_WIDTH = 0.6;
const FONTS = ["400Regular/RobotoMono_400Regular.ttf", "700Bold/RobotoMono_700Bold.ttf"];

/**
 * Draws `svg` scaled to `widthPx` pixels. Throws AppError permanent CHART_RENDERER where the renderer cannot be loaded
 * or the SVG cannot be drawn.
 */
export const renderPng = (svg: string, widthPx: number): Uint8Array => {
  try {
    const { Resvg } = require("@resvg/resvg-js") as typeof Renderer;
    const picture = new Resvg(svg, {
      fitTo: { mode: "width", value: widthPx },
      font: {
        fontFiles: FONTS.map((file) => require.resolve(`@expo-google-fonts/roboto-mono/${file}`)),
        loadSystemFonts: false,
        defaultFontFamily: FONT_FAMILY,
      },
    });
    return picture.render().asPng();
  } catch (e) {
    throw new AppError(
      "permanent",
      "CHART_RENDERER",
      `expected a picture of the chart, found: ${(e as Error).message}; npm ci installs the renderer (@resvg/resvg-js) for this kind of machine`,
      {},
      { cause: e },
    );
  } finally {
    collectYoung();
  }
};

/**
 * A picture holds about 8 MB outside the JavaScript heap, which the collector does not count: 40 pictures grew the
 * process by 330 MB, with a minor collection after each (under a millisecond) by 20 MB. The renderer has no way to
 * free it.
 */
let collect: ((options: { readonly type: "minor" }) => void) | undefined;
const collectYoung = (): void => {
  if (collect === undefined) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as (options: { readonly type: "minor" }) => void;
  }
  collect({ type: "minor" });
};
