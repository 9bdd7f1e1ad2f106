/** The view library's types, as far as JavaScript can use them. */

import type { ComponentChildren } from "preact";

export { createContext, Fragment, render } from "preact";
export { useCallback, useContext, useEffect, useLayoutEffect, useMemo } from "preact/hooks";

/** JavaScript has no type arguments: of what begins as null, anything may come later. */
type Later<T> = T extends null ? any : T extends never[] ? any[] : T;

export function useRef<T>(initial: T): { current: Later<T> };
export function useState<T>(
  initial: T | (() => T),
): [Later<T>, (next: Later<T> | ((last: Later<T>) => Later<T>)) => void];

export function html(strings: TemplateStringsArray, ...values: unknown[]): ComponentChildren & object;
