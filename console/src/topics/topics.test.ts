import { describe, expect, it } from 'vitest';
import type { Topic } from '../api/types';
import { parseSearch, topicProblem } from './search';
import { ancestorsOf, foundFlat, foundTree, Tree, type Row } from './tree';
import { trendOf } from './trend';

function topic(path: string, change: Partial<Topic> = {}): Topic {
    return {
        topic: path,
        name: path.slice(path.lastIndexOf('/') + 1),
        children: 0,
        topics: 0,
        is_topic: true,
        messages_per_s: 0,
        retained: false,
        subscribers: 0,
        last: null,
        ...change,
    };
}

const names = (rows: readonly Row[]): string[] =>
    rows.map((row) => `${' '.repeat(row.depth)}${row.kind === 'topic' ? row.label : row.kind}`);

describe('a search', () => {
    it('is words and one comparison', () => {
        expect(parseSearch('temp > 60')).toEqual({
            words: ['temp'],
            compare: { field: null, operator: '>', value: 60 },
        });
        expect(parseSearch('oven temp')).toEqual({ words: ['oven', 'temp'], compare: null });
    });

    it('compares a field of a JSON value when its name touches the sign', () => {
        expect(parseSearch('oven v>=60.5')).toEqual({
            words: ['oven'],
            compare: { field: 'v', operator: '>=', value: 60.5 },
        });
    });

    it('takes what is still being typed', () => {
        expect(parseSearch('temp >')).toEqual({ words: ['temp'], compare: null });
        expect(parseSearch('  ')).toEqual({ words: [], compare: null });
        expect(parseSearch('a != -3').compare).toEqual({ field: null, operator: '!=', value: -3 });
    });
});

describe('a topic to publish to', () => {
    it('has no wildcards and keeps the limits', () => {
        expect(topicProblem('plant/h2/oven-3/set')).toBeNull();
        expect(topicProblem('')).toMatch(/needed/);
        expect(topicProblem('a/+/b')).toMatch(/filters/);
        expect(topicProblem('x'.repeat(1_025))).toMatch(/bytes/);
        expect(topicProblem(Array.from({ length: 33 }, () => 'a').join('/'))).toMatch(/32/);
        expect(topicProblem(Array.from({ length: 32 }, () => 'a').join('/'))).toBeNull();
    });
});

describe('the tree', () => {
    it('shows what is open, in the order of the node', () => {
        const tree = new Tree();
        tree.takeLevel('', [topic('home'), topic('plant')], null, true);
        const plant = tree.find('plant');
        if (plant) {
            plant.isOpen = true;
        }
        tree.takeLevel('plant', [topic('plant/h1'), topic('plant/h2')], null, true);
        expect(names(tree.rows())).toEqual(['home', 'plant', ' h1', ' h2']);
    });

    it('ends a level that is not complete with a row for more', () => {
        const tree = new Tree();
        tree.takeLevel('', [topic('a')], 'cursor', true);
        expect(names(tree.rows())).toEqual(['a', 'more']);
        tree.takeLevel('', [topic('b')], null, false);
        expect(names(tree.rows())).toEqual(['a', 'b']);
    });

    it('keeps branches open when their level is read again, and forgets what is gone', () => {
        const tree = new Tree();
        tree.takeLevel('', [topic('a'), topic('b')], null, true);
        const a = tree.find('a');
        if (a) {
            a.isOpen = true;
        }
        tree.takeLevel('a', [topic('a/x')], null, true);
        tree.takeLevel('', [topic('a'), topic('c')], null, true);
        expect(names(tree.rows())).toEqual(['a', ' x', 'c']);
        expect(tree.find('b')).toBeNull();
        expect(tree.openPaths()).toEqual(['a']);
    });

    it('forgets everything below a branch that is gone', () => {
        const tree = new Tree();
        tree.takeLevel('', [topic('a')], null, true);
        tree.takeLevel('a', [topic('a/x')], null, true);
        tree.takeLevel('', [], null, true);
        expect(tree.find('a/x')).toBeNull();
    });

    it('takes new values of what it knows, and nothing else', () => {
        const tree = new Tree();
        tree.takeLevel('', [topic('a')], null, true);
        expect(tree.apply([topic('a', { messages_per_s: 5 })])).toBe(true);
        expect(tree.find('a')?.topic.messages_per_s).toBe(5);
        expect(tree.apply([topic('z')])).toBe(false);
        expect(tree.find('z')).toBeNull();
    });

    it('ignores a level that nobody asked for', () => {
        const tree = new Tree();
        tree.takeLevel('nowhere', [topic('nowhere/x')], null, true);
        expect(tree.rows()).toEqual([]);
    });
});

describe('a level that is open', () => {
    it('is behind once for each number of children that the feed tells of', () => {
        const tree = new Tree();
        tree.takeLevel('', [topic('plant')], null, true);
        expect(tree.isBehind('plant', 2)).toBe(false);
        const plant = tree.find('plant');
        if (plant) {
            plant.isOpen = true;
        }
        tree.takeLevel('plant', [topic('plant/h1')], null, true);
        expect(tree.isBehind('plant', 1)).toBe(false);
        expect(tree.isBehind('plant', 2)).toBe(true);
        expect(tree.isBehind('plant', 2)).toBe(false);
    });
});

describe('what a search found', () => {
    const found = [
        topic('plant/h2/oven-1/zone/1/temp_c'),
        topic('plant/h2/oven-3/temp_c'),
        topic('plant/h2/oven-3/zone/1/temp_c'),
    ];

    it('stands under its branches, joined where only one way leads on', () => {
        expect(names(foundTree(found))).toEqual([
            'plant/h2',
            ' oven-1/zone/1/temp_c',
            ' oven-3',
            '  temp_c',
            '  zone/1/temp_c',
        ]);
    });

    it('counts the matches of a branch', () => {
        const [branch] = foundTree(found);
        expect(branch?.node.topic.topics).toBe(3);
    });

    it('keeps a topic that has topics below it', () => {
        expect(names(foundTree([topic('a/b'), topic('a/b/c')]))).toEqual(['a/b', ' c']);
    });

    it('stands flat with whole names', () => {
        expect(names(foundFlat(found))).toEqual(found.map((one) => one.topic));
    });

    it('knows its ancestors', () => {
        expect(ancestorsOf('a/b/c')).toEqual(['a', 'a/b']);
        expect(ancestorsOf('a')).toEqual([]);
    });
});

describe('the trend of a value', () => {
    const points = (values: number[]): { at: string; value: number }[] =>
        values.map((value, index) => ({ at: new Date(index * 1_000).toISOString(), value }));

    it('rises, falls or is steady', () => {
        expect(trendOf(points([1, 2, 3, 4, 5, 6]))?.word).toBe('rising');
        expect(trendOf(points([6, 5, 4, 3, 2, 1]))?.word).toBe('falling');
        expect(trendOf(points([5, 1, 5, 1, 5, 1, 5]))?.word).toBe('steady');
    });

    it('needs a few points', () => {
        expect(trendOf(points([1, 2]))).toBeNull();
    });
});
