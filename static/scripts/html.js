/** The view library as the pages use it. Whatever is put into `html` as a value is text, never markup. */

import { Fragment, h, render } from "preact";
import htm from "htm";

export { Fragment, render };
export { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
export const html = htm.bind(h);
