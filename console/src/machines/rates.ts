/* The rates of one machine since its page was opened: the node keeps no record per machine. */

import type { Machine } from '../api/types';
import type { FlowData } from '../chart/series';

const window_max_s = 300;
/** The picture starts with a minute and grows: a page just opened is not an empty chart. */
const window_min_s = 60;
const step_min_s = 0.9;
const pause_s = 6;

export function noRates(): FlowData {
    return { from_s: 0, to_s: 0, at_s: [], up: [], down: [], marks: [] };
}

export function extendRates(rates: FlowData, machine: Machine, now_s: number): FlowData {
    const last_s = rates.at_s.at(-1);
    if (last_s !== undefined && now_s - last_s < step_min_s) {
        return rates;
    }
    const oldest_s = now_s - window_max_s;
    const found = rates.at_s.findIndex((at_s) => at_s >= oldest_s);
    const cut = found < 0 ? rates.at_s.length : found;
    const at_s = rates.at_s.slice(cut);
    const up = rates.up.slice(cut);
    const down = rates.down.slice(cut);
    if (last_s !== undefined && last_s >= oldest_s && now_s - last_s > pause_s) {
        at_s.push(last_s + 1);
        up.push(null);
        down.push(null);
    }
    return {
        from_s: Math.min(at_s[0] ?? now_s, now_s - window_min_s),
        to_s: now_s,
        at_s: [...at_s, now_s],
        up: [...up, machine.messages_in_per_s],
        down: [...down, machine.messages_out_per_s],
        marks: [],
    };
}
