/* Text of the tokens reads on every ground that it is used on: WCAG contrast of 4.5 for text, 3 for
   borders and graphics, in all three themes. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');
const text_min = 4.5;
const graphic_min = 3;

const grounds = ['bg', 'sunk', 'surface', 'raise'];
const texts = ['ink', 'ink-2', 'ink-3', 'accent', 'route', 'ok', 'caution', 'crit', 'off'];
const series = ['d-1', 'd-2', 'd-5', 'd-6'];

/** [text, ground] besides every text on every ground. */
const pairs: readonly (readonly [string, string])[] = [
    ...['caution-soft', 'crit-soft', 'accent-soft', 'ok-soft'].map((on) => ['ink', on] as const),
    ...['caution-soft', 'accent-soft'].map((on) => ['ink-2', on] as const),
    ...['caution-soft', 'accent-soft'].map((on) => ['ink-3', on] as const),
    ...['caution', 'crit', 'accent', 'ok', 'route'].map((name) => [name, `${name}-soft`] as const),
    ['on-accent', 'accent'],
    ['on-accent', 'accent-hi'],
    ['on-crit', 'crit'],
    ['bg', 'ink'],
];

const graphics: readonly (readonly [string, string])[] = ['d-3', 'd-4', 'edge'].flatMap((name) =>
    ['bg', 'surface'].map((on) => [name, on] as const),
);

type Theme = Record<string, string>;

/** The colours of the rule that begins with `selector`. */
function themeAt(selector: string): Theme {
    const start = css.indexOf(selector);
    expect(start, selector).toBeGreaterThanOrEqual(0);
    const rule = css.slice(start, css.indexOf('}', start));
    const found = rule.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g);
    return Object.fromEntries([...found].map(([, name, value]) => [name, value]));
}

function luminance(colour: string): number {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
        const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
        return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
    const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
}

function tooLow(
    theme: Theme,
    wanted: readonly (readonly [string, string])[],
    min: number,
): object[] {
    return wanted
        .map(([name, on]) => ({
            pair: `${name} on ${on}`,
            ratio: contrast(theme[name] ?? '#000000', theme[on] ?? '#000000'),
        }))
        .filter(({ ratio }) => ratio < min);
}

describe.each([
    ['day', ':root {'],
    ['dark as the system', ':root:not([data-theme])'],
    ['dark', ":root[data-theme='dark']"],
    ['night', ":root[data-theme='night']"],
])('the colours of %s', (_, selector) => {
    const theme = themeAt(selector);

    it('give text a contrast of 4.5 on every ground', () => {
        const everywhere = [...texts, ...series].flatMap((name) =>
            grounds.map((on) => [name, on] as const),
        );
        expect(tooLow(theme, [...everywhere, ...pairs], text_min)).toEqual([]);
    });

    it('give graphics and borders a contrast of 3', () => {
        expect(tooLow(theme, graphics, graphic_min)).toEqual([]);
    });
});

describe('the measure', () => {
    it('knows black, white and the least grey that passes', () => {
        expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
        expect(contrast('#767676', '#ffffff')).toBeGreaterThan(text_min);
        expect(contrast('#777777', '#ffffff')).toBeLessThan(text_min);
    });

    it('finds the same colours in both rules of dark', () => {
        expect(themeAt(':root:not([data-theme])')).toEqual(themeAt(":root[data-theme='dark']"));
    });
});
