/* Numbers as the console writes them: thin spaces between thousands, the unit apart and quieter,
   three significant digits in readouts, full precision in tables. */

export interface Quantity {
    value: string;
    unit: string;
}

/** Narrow and not to be broken at. */
const thinSpace = '\u202f';
const minus = '\u2212';

/** Full precision to `digits` decimals: 18204 -> "18 204". */
export function count(value: number, digits = 0): string {
    if (!Number.isFinite(value)) {
        return 'no value';
    }
    const [whole = '0', fraction] = Math.abs(value).toFixed(digits).split('.');
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, thinSpace);
    const isZero = Number(value.toFixed(digits)) === 0;
    const sign = value < 0 && !isZero ? minus : '';
    return sign + (fraction === undefined ? grouped : `${grouped}.${fraction}`);
}

/** Decimals that give three significant digits; none from 100 up. */
function digitsFor(value: number): number {
    const size = Math.abs(value);
    if (size === 0 || size >= 99.95) {
        return 0;
    }
    return size >= 9.995 ? 1 : 2;
}

/** A readout: 1.834 -> "1.83", 18204 -> "18 204", 12345678 -> "12.3 M". */
export function readout(value: number): string {
    if (Math.abs(value) >= 1e9) {
        return `${scaled(value / 1e9)} G`;
    }
    if (Math.abs(value) >= 1e6) {
        return `${scaled(value / 1e6)} M`;
    }
    return scaled(value);
}

/** A readout of what is counted whole: 22 -> "22", 18204 -> "18 204", 2.31e6 -> "2.31 M". */
export function tally(value: number): string {
    return Math.abs(value) < 1e6 ? count(value) : readout(value);
}

function scaled(value: number): string {
    return count(value, digitsFor(value));
}

/** A rate in a table: one decimal below 100, whole above; "0" when nothing flows. */
export function rate(value: number): string {
    if (value === 0) {
        return '0';
    }
    if (Math.abs(value) < 0.05) {
        return '< 0.1';
    }
    return count(value, Math.abs(value) < 99.95 ? 1 : 0);
}

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Decimal units, as drives and networks count: 4100000 -> 4.10 MB. */
export function bytes(value: number): Quantity {
    let scaledValue = value;
    let step = 0;
    while (Math.abs(scaledValue) >= 999.5 && step < byteUnits.length - 1) {
        scaledValue /= 1000;
        step += 1;
    }
    return {
        value: step === 0 ? count(scaledValue) : scaled(scaledValue),
        unit: byteUnits[step] ?? 'B',
    };
}

export function bytesText(value: number): string {
    const quantity = bytes(value);
    return `${quantity.value} ${quantity.unit}`;
}

/** Times below a second keep three digits: 0.42 ms, 18.3 ms, 2.10 s. */
export function milliseconds(value: number): Quantity {
    if (value >= 999.5) {
        return { value: scaled(value / 1000), unit: 's' };
    }
    return { value: scaled(value), unit: 'ms' };
}

export function plural(amount: number, one: string, many = `${one}s`): string {
    return `${count(amount)} ${amount === 1 ? one : many}`;
}

/** Axis labels: 20000 -> "20k". */
export function axis(value: number): string {
    const size = Math.abs(value);
    const short = (divisor: number, unit: string): string =>
        `${Number((size / divisor).toPrecision(3))}${unit}`;
    if (size >= 1e6) {
        return short(1e6, 'M');
    }
    return size >= 1e3 ? short(1e3, 'k') : short(1, '');
}
