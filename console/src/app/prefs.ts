/* How the reader wants the console to look: theme and density. Kept in this browser; `?theme=` and
   `?density=` win for one visit (screenshots, kiosks). */

import { signal, type Signal } from '@preact/signals';

export const themes = ['auto', 'light', 'dark', 'night'] as const;
export type Theme = (typeof themes)[number];

export const densities = ['normal', 'compact'] as const;
export type Density = (typeof densities)[number];

export interface Keep {
    get: (key: string) => string | null;
    set: (key: string, value: string | null) => void;
}

export interface Prefs {
    theme: Signal<Theme>;
    density: Signal<Density>;
}

const themeKey = 'kith.theme';
const densityKey = 'kith.density';

function oneOf<T extends string>(values: readonly T[], text: string | null): T | undefined {
    return values.find((value) => value === text);
}

export function readPrefs(keep: Keep, query: URLSearchParams): Prefs {
    const theme = oneOf(themes, query.get('theme')) ?? oneOf(themes, keep.get(themeKey)) ?? 'auto';
    const density =
        oneOf(densities, query.get('density')) ??
        oneOf(densities, keep.get(densityKey)) ??
        'normal';
    return { theme: signal(theme), density: signal(density) };
}

export function chooseTheme(prefs: Prefs, keep: Keep, theme: Theme): void {
    prefs.theme.value = theme;
    keep.set(themeKey, theme === 'auto' ? null : theme);
}

export function chooseDensity(prefs: Prefs, keep: Keep, density: Density): void {
    prefs.density.value = density;
    keep.set(densityKey, density === 'normal' ? null : density);
}

export function nextTheme(theme: Theme): Theme {
    return themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'auto';
}

/** Storage that a browser may refuse: then choices last for this visit. */
export function browserKeep(): Keep {
    return {
        get: (key) => {
            try {
                return localStorage.getItem(key);
            } catch {
                return null;
            }
        },
        set: (key, value) => {
            try {
                if (value === null) {
                    localStorage.removeItem(key);
                } else {
                    localStorage.setItem(key, value);
                }
            } catch {
                /* Private windows may refuse; the choice still holds on this page. */
            }
        },
    };
}
