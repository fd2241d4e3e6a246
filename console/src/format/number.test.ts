import { describe, expect, it } from 'vitest';
import {
    axis,
    bytes,
    bytesText,
    count,
    milliseconds,
    plural,
    rate,
    readout,
    tally,
} from './number';

const thin = '\u202f';

describe('numbers', () => {
    it('puts a thin space between thousands', () => {
        expect(count(18204)).toBe(`18${thin}204`);
        expect(count(1234567.891, 2)).toBe(`1${thin}234${thin}567.89`);
        expect(count(999)).toBe('999');
    });

    it('uses a real minus and never minus zero', () => {
        expect(count(-1500)).toBe(`\u22121${thin}500`);
        expect(count(-0.2)).toBe('0');
    });

    it('says that a value which is no number is none', () => {
        expect(count(Number.NaN)).toBe('no value');
    });

    it('shows three significant digits in readouts', () => {
        expect(readout(1.8341)).toBe('1.83');
        expect(readout(41.82)).toBe('41.8');
        expect(readout(9.999)).toBe('10.0');
        expect(readout(99.96)).toBe('100');
        expect(readout(412.4)).toBe('412');
        expect(readout(0)).toBe('0');
        expect(readout(412345678)).toBe('412 M');
    });

    it('shows a slow rate without calling it zero', () => {
        expect(rate(0)).toBe('0');
        expect(rate(0.02)).toBe('< 0.1');
        expect(rate(12.44)).toBe('12.4');
        expect(rate(15820.4)).toBe(`15${thin}820`);
    });

    it('counts bytes in thousands and keeps the unit with the size', () => {
        expect(bytesText(0)).toBe('0 B');
        expect(bytesText(999)).toBe('999 B');
        expect(bytesText(1000)).toBe('1.00 kB');
        expect(bytesText(4_100_000)).toBe('4.10 MB');
        expect(bytes(999_600)).toEqual({ value: '1.00', unit: 'MB' });
    });

    it('changes from milliseconds to seconds at one second', () => {
        expect(milliseconds(1.8)).toEqual({ value: '1.80', unit: 'ms' });
        expect(milliseconds(2100)).toEqual({ value: '2.10', unit: 's' });
    });

    it('counts what is whole without decimals', () => {
        expect(tally(22)).toBe('22');
        expect(tally(18_204)).toBe('18\u202f204');
        expect(tally(2_310_000)).toBe('2.31 M');
    });

    it('names one and many', () => {
        expect(plural(1, 'machine')).toBe('1 machine');
        expect(plural(2, 'machine')).toBe('2 machines');
        expect(plural(0, 'retry', 'retries')).toBe('0 retries');
    });

    it('labels axes shortly and without a sign, for they mirror', () => {
        expect(axis(20000)).toBe('20k');
        expect(axis(-1500)).toBe('1.5k');
        expect(axis(50)).toBe('50');
        expect(axis(2_500_000)).toBe('2.5M');
    });
});
