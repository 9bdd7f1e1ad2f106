/** The view library as the pages use it. Whatever is put into `html` as a value is text, never markup. */

import { createContext, Fragment, h, render } from "preact";
import htm from "htm";

export { createContext, Fragment, render };
export { useCallback, useContext, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
export const html = htm.bind(h);
