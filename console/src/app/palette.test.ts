import { describe, expect, it } from 'vitest';
import { matching, type Item } from './palette';

function item(label: string): Item {
    return { group: 'Do', icon: 'plus', label, note: '', run: () => {}, api: null };
}

describe('the palette', () => {
    const items = [item('Connect a machine'), item('Machines'), item('Theme: dark')];
    const labels = (text: string): string[] => matching(items, text).map((one) => one.label);

    it('shows everything for nothing', () => {
        expect(labels('').length).toBe(3);
    });

    it('finds by all words in any order, without regard to case', () => {
        expect(labels('machine CONNECT')).toEqual(['Connect a machine']);
        expect(labels('mach')).toEqual(['Connect a machine', 'Machines']);
        expect(labels('nothing')).toEqual([]);
    });
});
