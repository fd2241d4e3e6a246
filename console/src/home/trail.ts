/* The last ten minutes of the node's counters: read once from the usage record, then continued with
   the live stats. Oldest first; null where nothing was measured. */

import type { Stats, Usage, UsageSeries } from '../api/types';
import { parseTime } from '../format/time';

export type SeriesName = keyof UsageSeries;

export interface Trail {
    step_s: number;
    window_s: number;
    at_s: number[];
    series: Record<SeriesName, (number | null)[]>;
}

const names: readonly SeriesName[] = [
    'messages_in_per_s',
    'messages_out_per_s',
    'bytes_in_per_s',
    'bytes_out_per_s',
    'connections',
    'queued_messages',
    'resident_bytes',
];

export const window_s = 600;
export const step_s = 2;

/** A series that the node does not send is all gaps, and so is one that is too short. What was
    before the first measurement is no gap: the trail starts there. */
export function trailOf(usage: Usage): Trail {
    const step = usage.step_s > 0 ? usage.step_s : step_s;
    const end_s = (parseTime(usage.end) ?? 0) / 1000;
    const size = Math.max(0, ...names.map((name) => usage.series[name]?.length ?? 0));
    const at_s = Array.from({ length: size }, (_, index) => end_s - (size - 1 - index) * step);
    const series = Object.fromEntries(
        names.map((name) => {
            const values = usage.series[name] ?? [];
            const missing = Array.from({ length: size - values.length }, () => null);
            return [name, [...missing, ...values]];
        }),
    ) as Trail['series'];
    const known = at_s.findIndex((_, index) => names.some((name) => series[name][index] !== null));
    const start = known < 0 ? size : known;
    for (const name of names) {
        series[name] = series[name].slice(start);
    }
    return { step_s: step, window_s, at_s: at_s.slice(start), series };
}

/** Adds the newest stats, one point a step. A pause of more than three steps stays a gap. */
export function extendTrail(trail: Trail, stats: Stats): Trail {
    const now_s = (parseTime(stats.at) ?? 0) / 1000;
    const last_s = trail.at_s.at(-1) ?? now_s - trail.step_s;
    if (now_s - last_s < trail.step_s * 0.9) {
        return trail;
    }
    const isGap = now_s - last_s > trail.step_s * 3;
    const kept = trail.at_s.findIndex((at_s) => at_s >= now_s - trail.window_s);
    const cut = kept < 0 ? trail.at_s.length : kept;
    const at_s = trail.at_s.slice(cut);
    if (isGap) {
        at_s.push(last_s + trail.step_s);
    }
    at_s.push(now_s);
    const series = Object.fromEntries(
        names.map((name) => [
            name,
            [...trail.series[name].slice(cut), ...(isGap ? [null] : []), stats[name] ?? null],
        ]),
    ) as Trail['series'];
    return { ...trail, at_s, series };
}

/** About `size` points for a sparkline, the newest kept. */
export function thin(values: readonly (number | null)[], size = 60): (number | null)[] {
    const stride = Math.max(1, Math.ceil(values.length / size));
    return values.filter((_, index) => (values.length - 1 - index) % stride === 0);
}
