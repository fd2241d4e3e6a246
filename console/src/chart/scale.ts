/* Ticks and ranges: round numbers, bars from zero, time to the right with "now" last. */

/** The next of 1, 2, 2.5, 5 times a power of ten that is not below `value`. */
export function niceCeil(value: number): number {
    if (value <= 0) {
        return 1;
    }
    const power = 10 ** Math.floor(Math.log10(value));
    const step = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find(
        (one) => one * power >= value * 0.999_999,
    );
    return (step ?? 10) * power;
}

/** A step that cuts a span in about `wanted` parts. */
export function niceStep(span: number, wanted: number): number {
    const raw = span / Math.max(1, wanted);
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 2.5, 5, 10].find((one) => one * power >= raw * 0.999_999);
    return (step ?? 10) * power;
}

/** Round values within a range, both ends included if they are round. */
export function ticks(lowest: number, highest: number, wanted: number): number[] {
    if (!(highest > lowest)) {
        return [lowest];
    }
    const step = niceStep(highest - lowest, wanted);
    const found: number[] = [];
    for (
        let index = Math.ceil(lowest / step - 1e-9);
        index * step <= highest + step * 1e-9;
        index += 1
    ) {
        found.push(Number((index * step).toPrecision(12)));
    }
    return found;
}

/** The largest of 1, 2, 2.5, 5 times a power of ten that is not above `value`. */
export function niceFloor(value: number): number {
    const power = 10 ** Math.floor(Math.log10(value));
    const step = [5, 2.5, 2, 1].find((one) => one * power <= value * 1.000_001);
    return (step ?? 1) * power;
}

/** Ticks on one mirrored axis: up and down are both positive and share the step. A side that is
    lower than the step has one tick of its own; a side of zero has none. */
export function mirrorTicks(up: number, down: number): number[] {
    const step = niceStep(Math.max(up, down), 3);
    const side = (end: number): number[] => {
        if (end < step) {
            return end > 0 ? [niceFloor(end)] : [];
        }
        return Array.from({ length: Math.floor(end / step) }, (_, index) => (index + 1) * step);
    };
    return [
        ...side(down)
            .reverse()
            .map((value) => -value),
        ...side(up),
    ];
}

const steps_s = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400,
];

/** Whole steps of the reader's clock, then the end itself as "now". */
export function timeTicks(from_s: number, to_s: number, wanted: number): number[] {
    const span_s = to_s - from_s;
    if (span_s <= 0) {
        return [to_s];
    }
    const step_s = steps_s.find((step) => span_s / step <= wanted) ?? 86_400;
    const offset_s = -new Date(to_s * 1000).getTimezoneOffset() * 60;
    const found: number[] = [];
    const first = Math.ceil((from_s + offset_s) / step_s) * step_s - offset_s;
    for (let at_s = first; at_s < to_s - step_s * 0.4; at_s += step_s) {
        found.push(at_s);
    }
    return [...found, to_s];
}

/** The range of a line: not from zero, but never so tight that noise looks like news.
    Nothing but zero lies on the ground. */
export function lineRange(lowest: number, highest: number): [number, number] {
    if (lowest === 0 && highest === 0) {
        return [0, 2];
    }
    const middle = (lowest + highest) / 2;
    const span = Math.max(highest - lowest, Math.abs(middle) * 0.002, 1e-6);
    return [middle - span * 0.62, middle + span * 0.62];
}
