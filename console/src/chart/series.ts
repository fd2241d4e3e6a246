/* What the charts draw. Times in seconds, as uPlot counts them; null is a gap, and stays one. */

export interface Mark {
    at_s: number;
    level: 'crit' | 'caution' | 'info';
    text: string;
}

export interface FlowData {
    from_s: number;
    to_s: number;
    at_s: number[];
    up: (number | null)[];
    down: (number | null)[];
    marks: Mark[];
}

export interface TrendData {
    from_s: number;
    to_s: number;
    at_s: number[];
    values: (number | null)[];
    /** Set points and states hold until they change. */
    isStepped: boolean;
}

export interface ChartHandle<T> {
    update: (data: T) => void;
    resize: (width_px: number, height_px: number) => void;
    repaint: () => void;
    moveCursor: (by: number) => void;
    destroy: () => void;
}

/** Runs of nulls as [from, to] in seconds: the chart draws them as "no data". */
export function gapsOf(
    at_s: readonly number[],
    values: readonly (number | null)[],
): [number, number][] {
    const gaps: [number, number][] = [];
    let start: number | null = null;
    values.forEach((value, index) => {
        const now_s = at_s[index];
        if (now_s === undefined) {
            return;
        }
        if (value === null && start === null) {
            start = at_s[Math.max(0, index - 1)] ?? now_s;
        } else if (value !== null && start !== null) {
            gaps.push([start, now_s]);
            start = null;
        }
    });
    const last_s = at_s.at(-1);
    if (start !== null && last_s !== undefined) {
        gaps.push([start, last_s]);
    }
    return gaps;
}

const gap_factor = 8;
const gap_min_s = 15;

/** A null where nothing came for much longer than usual: no line is drawn across. */
export function withGaps(points: readonly { at_s: number; value: number }[]): {
    at_s: number[];
    values: (number | null)[];
} {
    const spans = points.slice(1).map((point, index) => point.at_s - (points[index]?.at_s ?? 0));
    const usual_s = [...spans].sort((a, b) => a - b)[Math.floor(spans.length / 2)] ?? 0;
    const limit_s = Math.max(gap_min_s, usual_s * gap_factor);
    const at_s: number[] = [];
    const values: (number | null)[] = [];
    points.forEach((point, index) => {
        const before = points[index - 1];
        if (before && point.at_s - before.at_s > limit_s) {
            at_s.push(before.at_s + usual_s);
            values.push(null);
        }
        at_s.push(point.at_s);
        values.push(point.value);
    });
    return { at_s, values };
}
