/* A numeric topic over time: its range, its direction, and the line to draw. */

import type { HistoryPoint, TopicDetail } from '../api/types';
import { withGaps, type TrendData } from '../chart/series';
import { numberIn } from '../format/payload';
import { parseTime } from '../format/time';

export interface Trend {
    word: 'rising' | 'falling' | 'steady';
    lowest: number;
    highest: number;
    span_ms: number;
}

const points_min = 6;
const steady_share = 0.45;
export const history_kept_max = 300;

function mean(values: readonly number[]): number {
    return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

/** The last third against the first, measured by the whole range. */
export function trendOf(history: readonly HistoryPoint[]): Trend | null {
    const first = history[0];
    const last = history.at(-1);
    if (history.length < points_min || !first || !last) {
        return null;
    }
    const values = history.map((point) => point.value);
    const lowest = Math.min(...values);
    const highest = Math.max(...values);
    const third = Math.floor(values.length / 3);
    const change = mean(values.slice(-third)) - mean(values.slice(0, third));
    const range = highest - lowest || 1;
    const share = change / range;
    return {
        word: share > steady_share ? 'rising' : share < -steady_share ? 'falling' : 'steady',
        lowest,
        highest,
        span_ms: (parseTime(last.at) ?? 0) - (parseTime(first.at) ?? 0),
    };
}

const span_min_s = 30;
const stepped_values_max = 4;

export function trendData(history: readonly HistoryPoint[], now_ms: number): TrendData {
    const points = history.map((point) => ({
        at_s: (parseTime(point.at) ?? 0) / 1000,
        value: point.value,
    }));
    const { at_s, values } = withGaps(points);
    const to_s = Math.max(at_s.at(-1) ?? 0, now_ms / 1000);
    const from_s = Math.min(at_s[0] ?? to_s, to_s - span_min_s);
    const different = new Set(points.map((point) => point.value)).size;
    return { from_s, to_s, at_s, values, isStepped: different <= stepped_values_max };
}

/** The newest value joins the history, once. */
export function extendHistory(
    history: readonly HistoryPoint[],
    detail: Pick<TopicDetail, 'last'>,
): readonly HistoryPoint[] {
    const { last } = detail;
    const value = last ? numberIn(last.payload, last.encoding) : null;
    const newest = history.at(-1);
    if (!last || value === null || (newest && newest.at >= last.at)) {
        return history;
    }
    return [...history, { at: last.at, value }].slice(-history_kept_max);
}
