/* Events that may explain a bend in the flow of messages, as marks on its chart: what is wrong
   always, what is usual only when it is many at once or the site is small. */

import type { NodeEvent } from '../api/types';
import type { Mark } from '../chart/series';
import { parseTime } from '../format/time';
import { changesOf } from './words';

const levels: Record<string, Mark['level']> = {
    store_degraded: 'crit',
    store_healthy: 'info',
    limit: 'caution',
    client_refused: 'caution',
};

/** Below this many machines each one that is lost is worth a mark. */
const small_site_machines = 100;
const many_at_once = 5;
const rows_max = 50;
const marks_max = 4;

/** Oldest first; `from_s` and `to_s` bound the picture. */
export function marksOf(
    events: readonly NodeEvent[],
    machines: number,
    [from_s, to_s]: [number, number],
): Mark[] {
    const recent = events.filter((event) => (parseTime(event.at) ?? 0) / 1000 > from_s);
    const marks: Mark[] = [];
    for (const change of changesOf(recent, rows_max)) {
        const at_s = (parseTime(change.at) ?? 0) / 1000;
        const level = levels[change.kind] ?? levelOfLoss(change, machines);
        if (level !== null && at_s <= to_s) {
            marks.unshift({ at_s, level, text: change.text });
        }
    }
    return marks.slice(-marks_max);
}

function levelOfLoss(
    change: { kind: string; times: number; text: string },
    machines: number,
): Mark['level'] | null {
    if (change.kind !== 'client_disconnected') {
        return null;
    }
    const isPlanned = /disconnect/i.test(change.text);
    const isLoss = change.times === 1 && !isPlanned && machines <= small_site_machines;
    return isLoss || change.times >= many_at_once ? 'info' : null;
}
