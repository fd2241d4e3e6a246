/* What Operations reads from /metrics: counters by label, taken as samples while the page is open,
   and from those rates. */

export interface DropSample {
    at_ms: number;
    /** Dropped since the start of the node, by reason. */
    totals: Readonly<Record<string, number>>;
}

export const samples_max = 300;

/** The values of one metric by one label: `name{label="a"} 3` gives { a: 3 }. */
export function readLabelled(text: string, metric: string, label: string): Record<string, number> {
    const values: Record<string, number> = {};
    const pattern = new RegExp(`^${metric}\\{(?:[^}]*,)?${label}="([^"]*)"[^}]*\\} (\\S+)`);
    for (const line of text.split('\n')) {
        const found = pattern.exec(line);
        const value = Number(found?.[2]);
        if (found?.[1] !== undefined && Number.isFinite(value)) {
            values[found[1]] = (values[found[1]] ?? 0) + value;
        }
    }
    return values;
}

/** A metric without labels; null if it is not there. */
export function readPlain(text: string, metric: string): number | null {
    const line = text.split('\n').find((one) => one.startsWith(`${metric} `));
    const value = Number(line?.slice(metric.length + 1));
    return line === undefined || !Number.isFinite(value) ? null : value;
}

export function addDropSample(
    samples: readonly DropSample[],
    sample: DropSample,
): readonly DropSample[] {
    const isRestarted = Object.entries(sample.totals).some(
        ([reason, total]) => total < (samples.at(-1)?.totals[reason] ?? 0),
    );
    return isRestarted ? [sample] : [...samples, sample].slice(-samples_max);
}

export interface DropRow {
    reason: string;
    total: number;
    /** Since the first sample. */
    lately: number;
    /** A second, sample by sample. */
    rates: number[];
}

/** Reasons with the most drops lately first. */
export function dropRows(samples: readonly DropSample[]): DropRow[] {
    const last = samples.at(-1);
    const rows = Object.keys(last?.totals ?? {}).map((reason) => {
        const totalAt = (sample: DropSample | undefined): number => sample?.totals[reason] ?? 0;
        return {
            reason,
            total: totalAt(last),
            lately: totalAt(last) - totalAt(samples[0]),
            rates: samples.slice(1).map((sample, index) => {
                const before = samples[index];
                const span_s = (sample.at_ms - (before?.at_ms ?? sample.at_ms)) / 1000;
                return span_s <= 0 ? 0 : (totalAt(sample) - totalAt(before)) / span_s;
            }),
        };
    });
    return rows.sort((a, b) => b.lately - a.lately || b.total - a.total);
}
