import { describe, expect, it } from 'vitest';
import { numberIn, parts, pretty, unitOf } from './payload';

describe('payloads', () => {
    it('finds the number in a plain payload and in a JSON one', () => {
        expect(numberIn('184.2', 'text')).toBe(184.2);
        expect(numberIn('{"ts":1,"v":184.2}', 'text')).toBe(184.2);
        expect(numberIn('{"value":3}', 'text')).toBe(3);
    });

    it('finds none in words, broken JSON, empty and binary payloads', () => {
        expect(numberIn('closed', 'text')).toBeNull();
        expect(numberIn('{"v":', 'text')).toBeNull();
        expect(numberIn('', 'text')).toBeNull();
        expect(numberIn('MTg0', 'base64')).toBeNull();
        expect(numberIn('{"v":"hot"}', 'text')).toBeNull();
    });

    it('indents JSON and leaves everything else alone', () => {
        expect(pretty('{"a":1}', 'text')).toBe('{\n  "a": 1\n}');
        expect(pretty('{"a":', 'text')).toBe('{"a":');
        expect(pretty('21.5', 'text')).toBe('21.5');
    });

    it('splits JSON into parts that join to the same text', () => {
        const text = '{"phase":"so\\"ak","left_s":412,"open":true}';
        const split = parts(text);
        expect(split.map((part) => part.text).join('')).toBe(text);
        expect(split.filter((part) => part.kind === 'key').map((part) => part.text)).toEqual([
            '"phase"',
            '"left_s"',
            '"open"',
        ]);
        expect(split.find((part) => part.kind === 'number')?.text).toBe('412');
    });

    it('leaves plain words plain', () => {
        expect(parts('closed 12')).toEqual([{ kind: 'plain', text: 'closed 12' }]);
    });

    it('reads the unit from the end of the name', () => {
        expect(unitOf('plant/oven/temp_c')).toBe('°C');
        expect(unitOf('vib/rms_mm_s')).toBe('mm/s');
        expect(unitOf('plant/door')).toBe('');
        expect(unitOf('c')).toBe('');
    });
});
