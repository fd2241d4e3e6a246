/* Payloads as text: what kind of value it is, its unit by the name of the topic, and coloured
   parts. A payload comes from the wire: nothing here trusts it, and nothing becomes HTML. */

import type { Encoding } from '../api/types';

export type PartKind = 'key' | 'text' | 'number' | 'word' | 'plain';

export interface Part {
    kind: PartKind;
    text: string;
}

/** The number that a payload is, or carries as `v` or `value`; null when it is none. */
export function numberIn(payload: string, encoding: Encoding): number | null {
    if (encoding !== 'text') {
        return null;
    }
    const text = payload.trim();
    if (text !== '' && text.length <= 32) {
        const value = Number(text);
        if (Number.isFinite(value)) {
            return value;
        }
    }
    if (!text.startsWith('{')) {
        return null;
    }
    const object = parseJson(text);
    if (typeof object !== 'object' || object === null) {
        return null;
    }
    const fields = object as Record<string, unknown>;
    const value = fields['v'] ?? fields['value'];
    return typeof value === 'number' ? value : null;
}

function parseJson(text: string): unknown {
    try {
        return JSON.parse(text) as unknown;
    } catch {
        return undefined;
    }
}

/** JSON objects and lists on several lines; everything else as it came. */
export function pretty(payload: string, encoding: Encoding): string {
    if (encoding !== 'text' || !/^\s*[[{]/.test(payload)) {
        return payload;
    }
    const value = parseJson(payload);
    return value === undefined ? payload : JSON.stringify(value, null, 2);
}

const tokens =
    /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\b/g;

/** Splits a text into parts to colour. Text that is no JSON stays plain. */
export function parts(text: string): Part[] {
    if (!/^\s*([[{"]|-?\d|true\b|false\b|null\b)/.test(text)) {
        return [{ kind: 'plain', text }];
    }
    const found: Part[] = [];
    let end = 0;
    for (const match of text.matchAll(tokens)) {
        if (match.index > end) {
            found.push({ kind: 'plain', text: text.slice(end, match.index) });
        }
        const [whole, quoted, colon, word] = match;
        if (quoted !== undefined) {
            found.push({ kind: colon === undefined ? 'text' : 'key', text: quoted });
            if (colon !== undefined) {
                found.push({ kind: 'plain', text: colon });
            }
        } else {
            found.push({ kind: word === undefined ? 'number' : 'word', text: whole });
        }
        end = match.index + whole.length;
    }
    if (end < text.length) {
        found.push({ kind: 'plain', text: text.slice(end) });
    }
    return found;
}

const unitBySuffix: Record<string, string> = {
    c: '°C',
    k: 'K',
    pct: '%',
    percent: '%',
    v: 'V',
    mv: 'mV',
    a: 'A',
    ma: 'mA',
    w: 'W',
    kw: 'kW',
    kwh: 'kWh',
    hz: 'Hz',
    bar: 'bar',
    pa: 'Pa',
    kpa: 'kPa',
    rpm: 'rpm',
    lpm: 'l/min',
    l: 'l',
    ml: 'ml',
    g: 'g',
    kg: 'kg',
    mm: 'mm',
    cm: 'cm',
    m: 'm',
    km: 'km',
    kmh: 'km/h',
    s: 's',
    ms: 'ms',
    min: 'min',
    h: 'h',
    bytes: 'B',
    dbm: 'dBm',
    db: 'dB',
    ppm: 'ppm',
    lx: 'lx',
};

/** Names carry their unit last (`temp_c`); `mm_s` reads mm/s. Empty when there is none. */
export function unitOf(topic: string): string {
    const name = topic.slice(topic.lastIndexOf('/') + 1).toLowerCase();
    if (name.endsWith('_mm_s')) {
        return 'mm/s';
    }
    if (name.endsWith('_m_s')) {
        return 'm/s';
    }
    const cut = name.lastIndexOf('_');
    return cut < 1 ? '' : (unitBySuffix[name.slice(cut + 1)] ?? '');
}
