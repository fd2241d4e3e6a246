/* Times as the console writes them: the reader's zone, relative under one hour with the absolute
   time on hover, RFC 3339 in copies. Nothing here reads the clock: callers pass the time. */

import { count } from './number';

export function parseTime(text: string | null | undefined): number | null {
    if (!text) {
        return null;
    }
    const time_ms = Date.parse(text);
    return Number.isNaN(time_ms) ? null : time_ms;
}

const minute_s = 60;
const hour_s = 3600;
const day_s = 86400;

/** Two units at most, the second dropped when zero: "6 min 12 s", "41 d 6 h". */
export function duration(span_ms: number): string {
    const span_s = Math.max(0, span_ms) / 1000;
    if (span_s < 1) {
        return `${Math.round(span_s * 1000)} ms`;
    }
    if (span_s < 10) {
        return `${Number(span_s.toFixed(1))} s`;
    }
    if (span_s < minute_s) {
        return `${Math.floor(span_s)} s`;
    }
    const pair = (large_s: number, large: string, small_s: number, small: string): string => {
        const whole = Math.floor(span_s / large_s);
        const rest = Math.floor((span_s % large_s) / small_s);
        return rest === 0
            ? `${count(whole)} ${large}`
            : `${count(whole)} ${large} ${rest} ${small}`;
    };
    if (span_s < hour_s) {
        return pair(minute_s, 'min', 1, 's');
    }
    return span_s < day_s ? pair(hour_s, 'h', minute_s, 'min') : pair(day_s, 'd', hour_s, 'h');
}

/** One unit, for tables: "0.2 s", "42 s", "6 min", "3 h", "5 d". */
export function age(span_ms: number): string {
    const span_s = Math.max(0, span_ms) / 1000;
    if (span_s < 10) {
        return `${span_s.toFixed(1)} s`;
    }
    if (span_s < minute_s) {
        return `${Math.floor(span_s)} s`;
    }
    if (span_s < hour_s) {
        return `${Math.floor(span_s / minute_s)} min`;
    }
    return span_s < day_s
        ? `${Math.floor(span_s / hour_s)} h`
        : `${count(Math.floor(span_s / day_s))} d`;
}

const pad = (value: number, width = 2): string => String(value).padStart(width, '0');

/** "08:42:17" in the reader's zone. */
export function clock(time_ms: number): string {
    const date = new Date(time_ms);
    return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

export function clockMinutes(time_ms: number): string {
    return clock(time_ms).slice(0, 5);
}

/** "08:42:17.318", where the order of messages matters. */
export function clockMillis(time_ms: number): string {
    return `${clock(time_ms)}.${pad(new Date(time_ms).getMilliseconds(), 3)}`;
}

const dayMonth = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const dayMonthYear = new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
});

/** "23 Nov 2026, 08:42:17", for titles and details. */
export function absolute(time_ms: number): string {
    return `${dayMonthYear.format(time_ms)}, ${clock(time_ms)}`;
}

export function date(time_ms: number): string {
    return dayMonthYear.format(time_ms);
}

/** "now", "6 min ago" under one hour, "08:42" today, else "23 Nov". */
export function when(time_ms: number, now_ms: number): string {
    const span_ms = now_ms - time_ms;
    if (span_ms < 1500) {
        return 'now';
    }
    if (span_ms < hour_s * 1000) {
        return `${age(Math.floor(span_ms / 1000) * 1000).replace('.0', '')} ago`;
    }
    const isToday = new Date(time_ms).toDateString() === new Date(now_ms).toDateString();
    return isToday ? clockMinutes(time_ms) : dayMonth.format(time_ms);
}

/** The reader's zone as a short name, for the strip: "CET", "GMT+2". */
export function zoneName(time_ms: number): string {
    const parts = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' }).formatToParts(
        time_ms,
    );
    return parts.find((part) => part.type === 'timeZoneName')?.value ?? 'local';
}

export function zoneLong(): string {
    return Intl.DateTimeFormat().resolvedOptions().timeZone || 'local time';
}
