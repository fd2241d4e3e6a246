/* The colours of the canvas: the same tokens as everything else, read again when the theme
   changes. */

export interface Palette {
    ink: string;
    ink2: string;
    ink3: string;
    line2: string;
    grid: string;
    ground: string;
    sunk: string;
    first: string;
    second: string;
    caution: string;
    cautionFill: string;
    crit: string;
    cursor: string;
    font: string;
}

export function readPalette(element: Element): Palette {
    const style = getComputedStyle(element);
    const read = (name: string): string => style.getPropertyValue(name).trim();
    return {
        ink: read('--ink'),
        ink2: read('--ink-2'),
        ink3: read('--ink-3'),
        line2: read('--line-2'),
        grid: read('--grid'),
        ground: read('--bg'),
        sunk: read('--sunk'),
        first: read('--d-1'),
        second: read('--d-2'),
        caution: read('--caution'),
        cautionFill: read('--caution-fill'),
        crit: read('--crit'),
        cursor: read('--cursor'),
        font: read('--font'),
    };
}

/** `#rrggbb` with an alpha; any other notation stays as it is. */
export function withAlpha(colour: string, alpha: number): string {
    const byte = Math.round(alpha * 255)
        .toString(16)
        .padStart(2, '0');
    return /^#[0-9a-f]{6}$/i.test(colour) ? colour + byte : colour;
}
